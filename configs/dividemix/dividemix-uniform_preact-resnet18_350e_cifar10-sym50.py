_base_ = './dividemix_preact-resnet18_300e_cifar10-sym50.py'
# UNICON's recipe without its contrastive loss.
model = dict(step=dict(lambda_u=30))
param_scheduler = dict(_delete_=True, type='CosineAnnealingLR', T_max=350, eta_min_ratio=0.01, by_epoch=True)
train_cfg = dict(max_epochs=350)
custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=10, selection='uniform')]
