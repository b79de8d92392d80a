_base_ = [
    '../_base_/models/mlp_probe.py',
    '../_base_/datasets/features.py',
    '../_base_/schedules/sgd_40e_cosine.py',
    '../_base_/default_runtime.py',
]
# To evaluate, or to write a checkpoint, takes as long as an epoch.
default_hooks = dict(checkpoint=dict(interval=10), summary=dict(interval=10, train_interval=10))
