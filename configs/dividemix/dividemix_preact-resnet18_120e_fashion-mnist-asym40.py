_base_ = './dividemix_preact-resnet18_120e_fashion-mnist-sym50.py'
noise = dict(_delete_=True, kind='asymmetric', rate=0.4, mapping='fashion_mnist')
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
custom_hooks = [
    dict(type='mmnoisy.WarmupEntropyPenaltyHook', warmup_epochs=10),
    dict(type='mmnoisy.CoDivideHook', warmup_epochs=10),
]
