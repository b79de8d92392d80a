# Small track: a small CNN on 10,000 photos of CIFAR-10, a minute or two a run on a CPU. Photos: --path photos=FOLDER, with the
# files that configs/_base_/datasets/cifar10n-10k.py names.
name = 'small'
title = 'Small track: CNN3 on 10,000 photos of CIFAR-10'
note = """
The first 10,000 photos of CIFAR-10 (10 % of them held out with their noisy labels), every fifth of the test photos, 12 epochs of
a CNN of three layers (16, 32 and 64 channels) from scratch, batch 128, random crops and flips. `worse_label` are errors that
people made (CIFAR-10N), `sym50` are drawn on the true labels. The network is small and its training short: it is far from what
CIFAR-10 allows, and memorises little. No setting was tuned.
"""
data = 'cifar10n-10k'
paths = dict(photos='data/cifar10n')
seeds = [0, 1]
noises = dict(
    worse_label=dict(label='worse_label'),
    sym50=dict(label='clean_label', noise=dict(kind='symmetric', rate=0.5)),
)
methods = dict(
    ce=dict(config='ce/ce_cnn3_12e_cifar10n-10k', role='ce', title='CE'),
    mixup_ema=dict(config='mixup/mixup-ema_cnn3_12e_cifar10n-10k', role='ce_mixup_ema', title='CE + mixup + EMA'),
    ceiling=dict(config='ce/ce_cnn3_12e_cifar10n-10k', role='ceiling', title='CE on the right labels only (ceiling)'),
    gce=dict(config='gce/gce_cnn3_12e_cifar10n-10k', title='GCE'),
    elr=dict(config='elr/elr_cnn3_12e_cifar10n-10k', title='ELR'),
    mixup=dict(config='mixup/mixup_cnn3_12e_cifar10n-10k', title='mixup'),
    coteaching=dict(config='coteaching/coteaching-auto_cnn3_12e_cifar10n-10k', title='Co-teaching (estimated rate)'),
    dividemix=dict(config='dividemix/dividemix_cnn3_12e_cifar10n-10k', title='DivideMix'),
)
