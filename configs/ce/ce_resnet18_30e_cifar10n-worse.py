_base_ = [
    '../_base_/models/resnet18_cifar.py',
    '../_base_/datasets/cifar10n.py',
    '../_base_/schedules/sgd_30e.py',
    '../_base_/default_runtime.py',
]
optim_wrapper = dict(optimizer=dict(lr=0.05))
auto_scale_lr = dict(base_batch_size=128)
