# Fewer images and a deeper network than in ce_cnn3_20e_fashion-mnist-sym40, which memorises nothing in 20 epochs.
_base_ = [
    '../_base_/models/cnn3.py',
    '../_base_/datasets/fashion-mnist-5k.py',
    '../_base_/schedules/sgd_20e.py',
    '../_base_/small_data_runtime.py',
]
model = dict(backbone=dict(channels=(16, 32, 64, 128)), head=dict(in_channels=128))
optim_wrapper = dict(optimizer=dict(lr=0.05, weight_decay=1e-4))
default_hooks = dict(summary=dict(train_interval=20))
fast = dict(channels_last=True)
