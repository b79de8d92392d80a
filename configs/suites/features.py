# Features track: a linear probe on frozen features of EfficientNet-Lite0, 20,000 photos of CIFAR-10 with the errors that
# people made (CIFAR-10N) or drawn ones. Banks: --path train=FOLDER --path test=FOLDER; the training bank needs three views
# (for DivideMix) and the columns worse_label, random_label1 and clean_label.
name = 'features'
title = 'Features track: a linear probe on 20,000 photos of CIFAR-10'
note = """
A linear classifier on frozen features of EfficientNet-Lite0 (ImageNet weights, 128 px), the first 20,000 photos of
CIFAR-10 (10 % of them held out with their noisy labels), 2,000 clean ones to test, 40 epochs, batch 512. `worse_label` and
`random_label1` are errors that people made (CIFAR-10N); the others are drawn on the true labels: symmetric 50 %, asymmetric
40 %, and 40 % that depends on the (standardised) features. The ceiling is trained on the samples with a right label alone,
which nobody can choose who does not know the true labels; no other row knows them.
"""
data = 'cifar10-20k'
paths = dict(train='data/features/train', test='data/features/test')
seeds = [0, 1, 2]
noises = dict(
    worse_label=dict(label='worse_label'),
    random_label1=dict(label='random_label1'),
    sym50=dict(label='clean_label', noise=dict(kind='symmetric', rate=0.5)),
    asym40=dict(label='clean_label', noise=dict(kind='asymmetric', rate=0.4, mapping='cifar10')),
    instance40=dict(label='clean_label', noise=dict(kind='instance', rate=0.4, pixels='standardised')),
)
methods = dict(
    ce=dict(config='ce/ce_probe_40e_features', role='ce', title='CE'),
    mixup_ema=dict(config='mixup/mixup-ema_probe_40e_features', role='ce_mixup_ema', title='CE + mixup + EMA'),
    ceiling=dict(config='ce/ce_probe_40e_features', role='ceiling', title='CE on the right labels only (ceiling)'),
    gce=dict(config='gce/gce_probe_40e_features', title='GCE'),
    elr=dict(config='elr/elr_probe_40e_features', title='ELR'),
    coteaching=dict(config='coteaching/coteaching-auto_probe_40e_features', title='Co-teaching (estimated rate)'),
    mixup=dict(config='mixup/mixup_probe_40e_features', title='mixup'),
    sce=dict(config='sce/sce_probe_40e_features', title='SCE'),
    sop=dict(config='sop/sop_probe_40e_features', title='SOP'),
    aum=dict(config='aum/aum_probe_40e_features', title='AUM, then CE on what is left'),
    ssr=dict(config='ssr/ssr_probe_40e_features', title='SSR'),
    dividemix=dict(config='dividemix/dividemix_probe_40e_features', title='DivideMix'),
)
