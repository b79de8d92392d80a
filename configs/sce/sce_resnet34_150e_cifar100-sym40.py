_base_ = [
    '../_base_/models/resnet34_cifar.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/schedules/sgd_150e_step.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=100, loss=dict(_delete_=True, type='mmnoisy.SCELoss', alpha=6.0, beta=0.1)))
optim_wrapper = dict(optimizer=dict(lr=0.1))
