_base_ = [
    '../_base_/models/resnet34_cifar.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_120e_step.py',
    '../_base_/default_runtime.py',
]
