_base_ = './dividemix_preact-resnet18_300e_cifar10-sym50.py'
model = dict(step=dict(lambda_u=50))
noise = dict(_delete_=True, kind='symmetric', rate=0.9, inclusive=True)
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
# The author's answer in the tracker of the official code: 0.6 at 90 %.
custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=10, average_epochs=5, threshold=0.6)]
