_base_ = [
    '../dividemix/dividemix_preact-resnet18_300e_cifar10-sym50.py',
    '../_base_/stages/simclr_preact-resnet18_800e.py',
]
# Pretrained networks tell right from wrong labels early.
custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=5)]
train_cfg = dict(max_epochs=360)
