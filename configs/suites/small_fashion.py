# Small track: a small CNN on 5,000 images of Fashion-MNIST, half a minute or so a run on a CPU (DivideMix a few minutes). The
# images: see mmnoisy.FashionMNIST.
name = 'small_fashion'
title = 'Small track: a small CNN on 5,000 images of Fashion-MNIST'
note = """
The first 5,000 images of Fashion-MNIST (10 % of them held out with their noisy labels), the first 2,000 test images, 20 epochs
of a CNN of four layers (16 to 128 channels) from scratch, batch 64, SGD with learning rate 0.05 and a cosine, weight decay 1e-4,
images as they are. `sym40` are 40 % symmetric errors, `asym40` 40 % of classes that look alike. Network, epochs and size were
chosen so that CE memorises, by its held-out labels alone (10,000 images and 12 epochs: it memorised nothing). No method was
tuned; what counts epochs was scaled to 20 of them. DivideMix needs two views, so it alone sees crops and flips.
"""
data = 'fashion-mnist-5k'
seeds = [0, 1]
noises = dict(
    sym40=dict(noise=dict(kind='symmetric', rate=0.4)),
    asym40=dict(noise=dict(kind='asymmetric', rate=0.4, mapping='fashion_mnist')),
)
methods = dict(
    ce=dict(config='ce/ce_cnn4_20e_fashion-mnist-5k', role='ce', title='CE'),
    mixup_ema=dict(config='mixup/mixup-ema_cnn4_20e_fashion-mnist-5k', role='ce_mixup_ema', title='CE + mixup + EMA'),
    ceiling=dict(
        config='ce/ce_cnn4_20e_fashion-mnist-5k', role='ceiling', title='CE on the right labels only (ceiling)'
    ),
    gce=dict(config='gce/gce_cnn4_20e_fashion-mnist-5k', title='GCE'),
    elr=dict(config='elr/elr_cnn4_20e_fashion-mnist-5k', title='ELR'),
    coteaching=dict(
        config='coteaching/coteaching-auto_cnn4_20e_fashion-mnist-5k', title='Co-teaching (estimated rate)'
    ),
    dividemix=dict(config='dividemix/dividemix_cnn4_20e_fashion-mnist-5k', title='DivideMix'),
)
