# A small network from scratch on small images: under a minute a trial.
_base_ = '../_base_/spaces/parts.py'
name = 'small_images'
title = 'A small network on small images'
base = 'ce/ce_cnn3_60e_digits-sym40'
epochs = 30
slots = dict(
    selection=['none', 'coteaching', 'aum', 'codivide', 'ssr'],
    loss=['ce', 'gce', 'sce', 'agce', 'jal', 'logit_clip'],
    correction=['none', 'elr', 'sop', 'bootstrapping', 'smp', 'forward'],
    semi=['none', 'mixmatch', 'fixmatch'],
    regulariser=['none', 'mixup', 'mixup_ema', 'ema', 'smoothing', 'l1', 'penalty'],
    augmentation=['none', 'shift', 'shift_cutout'],
)
numbers = dict(lr=dict(low=0.003, high=0.1, log=True, default=0.01))
options = {
    'optim_wrapper.optimizer.lr': '{lr}',
    'param_scheduler.T_max': '{epochs}',
    'param_scheduler.end': '{epochs}',
}
suite = 'digits'
