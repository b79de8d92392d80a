_base_ = './dividemix_preact-resnet18_300e_cifar10-sym50.py'
model = dict(step=dict(lambda_u=50))
noise = dict(_delete_=True, kind='symmetric', rate=0.9)
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=10, average_epochs=5)]
