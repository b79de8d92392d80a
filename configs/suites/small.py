# Small track: a small CNN on 10,000 photos of CIFAR-10, a minute or so a run on a CPU (DivideMix a few). Photos: --path
# photos=FOLDER, with the files that configs/_base_/datasets/cifar10n-10k.py names.
name = 'small'
title = 'Small track: a small CNN on 10,000 photos of CIFAR-10'
note = """
The first 10,000 photos of CIFAR-10 (10 % of them held out with their noisy labels), every fifth of the test photos, 10 epochs of
a CNN of five layers (16 to 256 channels) from scratch, batch 128, SGD with learning rate 0.05 and a cosine, weight decay 5e-4,
images as they are. `worse_label` are errors that people made (CIFAR-10N), `sym50` are drawn on the true labels.

The network, the epochs and the undistorted images were chosen so that CE memorises and the ceiling is high, by runs of CE and of the
ceiling alone: the training labels that they fit, and their accuracy on the held-out photos, true labels too. With three layers (16 to
64 channels), crops and flips little was memorised in 12 epochs: CE ended at 48.6, the ceiling at 50.8. No method was tuned; what
counts epochs was scaled to ten of them. DivideMix needs two views, so it alone sees crops and flips. Seconds are those of a busy
machine, and say little about cost.

What was seen in the records (seed 0):

- CE fits 72 % of the wrong labels of `worse_label` and 61 % of those of `sym50`, where it falls from 44.5 in the third epoch to
  39.2. At `worse_label` the last epochs, with a small learning rate, gain more than memorising costs: the last is the best.
- Co-teaching forgets whole classes. Its estimate is made after two epochs, by networks that are right on a third to a half of the
  test photos: 58 % of the labels where 41 % are wrong, 74 % where 50 % are. So much is forgotten that no right label of *cat* and
  *deer* (`worse_label`) or of *bird*, *dog* and *frog* (`sym50`) is kept in the last epoch, and no test photo of them is recognised.
- DivideMix at `worse_label` is above CE and below GCE. Its mixtures take 46 % of the wrong labels for clean, 52 % of those on
  cats, and it recognises 4 % of the test photos of cats; in ten epochs of distorted and mixed photos it fits 63 % of the right
  labels, where GCE fits 85 %.

Not run for lack of time: the second seed of DivideMix at `sym50`.
"""
data = 'cifar10n-10k'
paths = dict(photos='data/cifar10n')
seeds = [0, 1]
noises = dict(
    worse_label=dict(label='worse_label'),
    sym50=dict(label='clean_label', noise=dict(kind='symmetric', rate=0.5)),
)
methods = dict(
    ce=dict(config='ce/ce_cnn5_10e_cifar10n-10k', role='ce', title='CE'),
    mixup_ema=dict(config='mixup/mixup-ema_cnn5_10e_cifar10n-10k', role='ce_mixup_ema', title='CE + mixup + EMA'),
    ceiling=dict(config='ce/ce_cnn5_10e_cifar10n-10k', role='ceiling', title='CE on the right labels only (ceiling)'),
    gce=dict(config='gce/gce_cnn5_10e_cifar10n-10k', title='GCE'),
    elr=dict(config='elr/elr_cnn5_10e_cifar10n-10k', title='ELR'),
    coteaching=dict(config='coteaching/coteaching-auto_cnn5_10e_cifar10n-10k', title='Co-teaching (estimated rate)'),
    dividemix=dict(config='dividemix/dividemix_cnn5_10e_cifar10n-10k', title='DivideMix'),
)
