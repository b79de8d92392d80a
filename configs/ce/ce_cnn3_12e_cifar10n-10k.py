_base_ = [
    '../_base_/models/cnn3.py',
    '../_base_/datasets/cifar10n-10k.py',
    '../_base_/schedules/sgd_20e.py',
    '../_base_/default_runtime.py',
]
model = dict(backbone=dict(in_channels=3, channels=(16, 32, 64)), head=dict(in_channels=64))
optim_wrapper = dict(optimizer=dict(lr=0.05))
param_scheduler = dict(T_max=12)
train_cfg = dict(max_epochs=12)
default_hooks = dict(summary=dict(interval=3, train_interval=12))
