_base_ = './dividemix_preact-resnet18_300e_cifar10-sym50.py'
model = dict(step=dict(lambda_u=0))
noise = dict(_delete_=True, kind='symmetric', rate=0.2, inclusive=True)
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
