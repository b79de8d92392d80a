# The features track on all photos of CIFAR-10, with the errors that people made: the eight methods that end best on 20,000
# (docs/benchmarks/features.csv), beside the three rows of every table. Banks: --path train=FOLDER --path test=FOLDER; the
# training bank needs three views, and the columns worse_label and clean_label.
_base_ = './features.py'
name = 'features_50k'
title = 'Features track on all 50,000 photos of CIFAR-10'
note = """
As the [features track](features.md), with all 50,000 photos (10 % of them held out with their noisy labels) in place of the first
20,000, the same 2,000 clean ones to test and the same settings. `worse_label` are errors that people made (CIFAR-10N). Beside CE,
CE + mixup + EMA and the ceiling stand the eight methods with the highest mean accuracy at the last epoch for `worse_label` on 20,000
photos, by the test set, when PES, ILL, UNICON's selection and MDA were not in that table yet. So the eight are a choice by test
data, and these figures confirm it or do not; the best of them is no estimate of what choosing gives. For that see
[whether noisy validation chooses the method](features-choice.md).
"""
data = 'cifar10-50k'
seeds = [0, 1]
noises = dict(_delete_=True, worse_label=dict(label='worse_label'))
methods = {
    '_delete_': True,
    **{
        name: {key: value for key, value in _base_.methods[name].items() if key != 'noises'}
        for name in (
            'ce',
            'mixup_ema',
            'ceiling',
            'elr_tuned',
            'dividemix',
            'anl',
            'peer_loss',
            'm_correction',
            'disc',
            'promix',
            'hoc',
        )
    },
}
