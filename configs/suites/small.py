# Small track: a small CNN on Fashion-MNIST, minutes a run. The images: see mmnoisy.FashionMNIST.
name = 'small'
title = 'Small track: CNN3 on Fashion-MNIST'
seeds = [0, 1]
noises = dict(
    sym40=dict(noise=dict(kind='symmetric', rate=0.4)),
    asym40=dict(noise=dict(kind='asymmetric', rate=0.4, mapping='fashion_mnist')),
)
methods = dict(
    ce=dict(config='ce/ce_cnn3_20e_fashion-mnist-sym40', role='ce', title='CE'),
    mixup_ema=dict(
        config='mixup/mixup-ema_cnn3_20e_fashion-mnist-sym40', role='ce_mixup_ema', title='CE + mixup + EMA'
    ),
    ceiling=dict(
        config='ce/ce_cnn3_20e_fashion-mnist-sym40', role='ceiling', title='CE on the right labels only (ceiling)'
    ),
    gce=dict(config='gce/gce_cnn3_20e_fashion-mnist-sym40', title='GCE'),
    elr=dict(config='elr/elr_cnn3_20e_fashion-mnist-sym40', title='ELR'),
    coteaching=dict(config='coteaching/coteaching_cnn3_20e_fashion-mnist-sym40', title='Co-teaching'),
)
