_base_ = './elr_plus_preact-resnet18_200e_cifar10-sym40.py'
model = dict(network=dict(head=dict(loss=dict(lam=1.0, beta=0.9))))
noise = dict(_delete_=True, kind='asymmetric', rate=0.4, mapping='cifar10')
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
