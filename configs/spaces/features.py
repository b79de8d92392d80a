# A classifier on frozen features: seconds a trial. --path train=FOLDER --path test=FOLDER name the feature banks.
_base_ = '../_base_/spaces/parts.py'
name = 'features'
title = 'A probe on frozen features'
base = 'ce/ce_probe_40e_features'
paths = dict(train='data/features/train', test='data/features/test')
epochs = 15
slots = dict(
    selection=['none', 'coteaching', 'aum', 'ssr'],
    loss=['ce', 'gce', 'sce', 'agce', 'jal', 'logit_clip'],
    correction=['none', 'elr', 'sop', 'bootstrapping', 'smp', 'forward'],
    regulariser=['none', 'mixup', 'mixup_ema', 'ema', 'smoothing', 'l1'],
    network=['linear', 'mlp'],
)
parts = dict(
    network=dict(
        linear=dict(),
        mlp=dict(
            network={'backbone.hidden': ['{width}'], 'head.in_channels': '{width}'},
            numbers=dict(width=dict(choices=[64, 128], default=128)),
        ),
    ),
)
numbers = dict(lr=dict(low=0.005, high=0.2, log=True, default=0.05))
options = {
    'optim_wrapper.optimizer.lr': '{lr}',
    'train_cfg.val_interval': 1,
    'param_scheduler.T_max': '{epochs}',
    'param_scheduler.end': '{epochs}',
}
# The grid from which docs/search.md simulates searches: 3,500 photos to train, 1,500 noisy ones to choose by, the noises of
# the features track.
suite = 'features'
grid = {
    'train_dataloader.dataset.source.rows': [0, 5000],
    'val_dataloader.dataset.source.rows': [0, 5000],
    'train_dataloader.dataset.holdout': 0.3,
    'val_dataloader.dataset.holdout': 0.3,
    'train_dataloader.batch_size': 256,
    'default_hooks.summary.interval': 3,
}
