_base_ = [
    '../_base_/models/resnet18_cifar.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_200e_step.py',
    '../_base_/default_runtime.py',
]
custom_hooks = [dict(type='mmnoisy.LabelWaveHook')]
optim_wrapper = dict(optimizer=dict(lr=0.01, weight_decay=5e-4))
# The rate is constant in the official code.
param_scheduler = dict(_delete_=True, type='ConstantLR', factor=1.0, end=1, by_epoch=True)
