_base_ = [
    '../_base_/models/resnet18_cifar.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_200e_step.py',
    '../_base_/default_runtime.py',
]
model = dict(train_cfg=dict(augments=dict(type='Mixup', alpha=8.0)))
# As in the paper's code, a flipped label is drawn from all classes.
noise = dict(_delete_=True, kind='symmetric', rate=0.4, inclusive=True)
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
