_base_ = './dividemix_preact-resnet18_300e_cifar10-sym50.py'
model = dict(step=dict(lambda_u=0))
noise = dict(_delete_=True, kind='asymmetric', rate=0.4, mapping='cifar10')
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
custom_hooks = [
    dict(type='mmnoisy.WarmupEntropyPenaltyHook', warmup_epochs=10),
    dict(type='mmnoisy.CoDivideHook', warmup_epochs=10),
]
