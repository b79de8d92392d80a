_base_ = './coteaching_cnn9_200e_cifar10-sym50.py'
model = dict(forget_rate=0.2)
noise = dict(_delete_=True, kind='symmetric', rate=0.2)
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
