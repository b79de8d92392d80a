# Images as they are: distorted ones are memorised later than in ten epochs.
_base_ = [
    '../_base_/models/cnn3.py',
    '../_base_/datasets/cifar10n-10k.py',
    '../_base_/schedules/sgd_20e.py',
    '../_base_/small_data_runtime.py',
]
model = dict(backbone=dict(in_channels=3, channels=(16, 32, 64, 128, 256)), head=dict(in_channels=256))
train_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
optim_wrapper = dict(optimizer=dict(lr=0.05))
param_scheduler = dict(T_max=10)
train_cfg = dict(max_epochs=10)
default_hooks = dict(summary=dict(train_interval=10))
fast = dict(channels_last=True)
