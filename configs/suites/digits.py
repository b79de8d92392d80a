# Digits track: scikit-learn's digits, in minutes on any machine, nothing to download.
name = 'digits'
title = 'Digits track: CNN3 on 8x8 digits'
note = """
1,437 digits (10 % of them held out with their noisy labels), 360 to test, 60 epochs of a CNN of three layers. Small and
easy: it says that an implementation holds, not which method to take.
"""
seeds = [0, 1, 2]
noises = dict(
    sym40=dict(noise=dict(kind='symmetric', rate=0.4)),
    asym30=dict(noise=dict(kind='asymmetric', rate=0.3, mapping='mnist')),
)
methods = dict(
    ce=dict(config='ce/ce_cnn3_60e_digits-sym40', role='ce', title='CE'),
    mixup_ema=dict(config='mixup/mixup-ema_cnn3_60e_digits-sym40', role='ce_mixup_ema', title='CE + mixup + EMA'),
    ceiling=dict(config='ce/ce_cnn3_60e_digits-sym40', role='ceiling', title='CE on the right labels only (ceiling)'),
    mixup=dict(config='mixup/mixup_cnn3_60e_digits-sym40', title='mixup'),
    gce=dict(config='gce/gce_cnn3_60e_digits-sym40', title='GCE'),
    sce=dict(config='sce/sce_cnn3_60e_digits-sym40', title='SCE'),
    elr=dict(config='elr/elr_cnn3_60e_digits-sym40', title='ELR'),
    sop=dict(config='sop/sop_cnn3_60e_digits-sym40', title='SOP'),
    coteaching=dict(config='coteaching/coteaching-auto_cnn3_60e_digits-sym40', title='Co-teaching (estimated rate)'),
    aum=dict(config='aum/aum_cnn3_60e_digits-sym40', title='AUM, then CE on what is left'),
    ssr=dict(config='ssr/ssr_cnn3_60e_digits-sym40', title='SSR'),
    dividemix=dict(config='dividemix/dividemix_cnn3_60e_digits-sym40', title='DivideMix'),
)
