# CIFAR-100: 50,000 training images of which 10 % are a noisy validation split, 10,000 test images.
_base_ = './cifar10.py'
data_preprocessor = dict(num_classes=100, mean=[129.304, 124.07, 112.434], std=[68.17, 65.392, 70.418])
source = dict(type='CIFAR100', data_root='data/cifar100')
label_noise = dict(source=source)
train_dataloader = dict(dataset=dict(source=source))
val_dataloader = dict(dataset=dict(source=source))
test_dataloader = dict(dataset=source)
