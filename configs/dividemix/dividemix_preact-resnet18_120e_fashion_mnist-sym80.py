_base_ = './dividemix_preact-resnet18_120e_fashion_mnist-sym50.py'
noise = dict(rate=0.8)
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
