# Whether out-of-fold predictions choose the method better than one held-out share: methods of the suite `features`, each trained
# five times, so that every sample is held out once. Its page is docs/benchmarks/features_folds-choice.md; it has no tables.
_base_ = './features.py'
name = 'features_folds'
title = 'Features track: a linear probe on 20,000 photos of CIFAR-10'
note = """
The [features track](features.md), with a fifth of the samples held out each time in place of a tenth: five folds hold out each
sample once. See also [the choice by one split, over all methods and noises](features-choice.md).
"""
folds = 5
seeds = [0]
options = {'train_dataloader.dataset.holdout': 0.2, 'val_dataloader.dataset.holdout': 0.2}
noises = dict(_delete_=True, worse_label=dict(label='worse_label'))
methods = {
    '_delete_': True,
    **{name: method for name, method in _base_.methods.items() if 'noises' not in method and name != 'ceiling'},
    # Takes no part in a choice.
    'ceiling': dict(_base_.methods['ceiling'], noises=[]),
}
