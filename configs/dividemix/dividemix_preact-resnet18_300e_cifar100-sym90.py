_base_ = './dividemix_preact-resnet18_300e_cifar100-sym50.py'
noise = dict(_delete_=True, kind='symmetric', rate=0.9, inclusive=True)
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=30, average_epochs=5)]
