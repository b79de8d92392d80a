_base_ = './ssr_preact-resnet18_300e_cifar100-sym50.py'
noise = dict(_delete_=True, kind='symmetric', rate=0.2, inclusive=True)
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
custom_hooks = [dict(type='mmnoisy.SSRHook', theta_r=0.9, k=200)]
