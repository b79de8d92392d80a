# Your own images: make banks of the training and the test images (build_feature_bank), and name their folders in place of
# data/features/train and data/features/test, and the number of classes.
_base_ = [
    '../_base_/models/linear_probe.py',
    '../_base_/datasets/features.py',
    '../_base_/schedules/sgd_40e_cosine.py',
    '../_base_/default_runtime.py',
]
# To evaluate, or to write a checkpoint, takes as long as an epoch.
default_hooks = dict(checkpoint=dict(interval=10), summary=dict(interval=10, train_interval=10))
