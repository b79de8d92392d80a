# Small track: a small CNN on 5,000 images of Fashion-MNIST, half a minute or so a run on a CPU (DivideMix a few minutes). The
# images: see mmnoisy.FashionMNIST.
name = 'small_fashion'
title = 'Small track: a small CNN on 5,000 images of Fashion-MNIST'
note = """
The first 5,000 images of Fashion-MNIST (10 % of them held out with their noisy labels), the first 2,000 test images, 20 epochs
of a CNN of four layers (16 to 128 channels) from scratch, batch 64, SGD with learning rate 0.05 and a cosine, weight decay 1e-4,
images as they are. `sym40` are 40 % symmetric errors; `asym40` are 40 % of the five classes that are mistaken for another, 20 % of
all.

Network, epochs and size were chosen so that CE memorises, by runs of CE alone: the training labels that it fits, and its accuracy
on held-out images, true labels too. Of 10,000 images it fitted 9 % of the wrong labels in 12 epochs of batch 128. No method was tuned;
what counts epochs was scaled to 20 of them. DivideMix needs two views, so it alone sees crops and flips. Seconds are those of a busy
machine, and say little about cost.

What was seen in the records (seed 0):

- CE fits 69 % of the wrong labels of `sym40` and 89 % of those of `asym40`.
- GCE fits 11 % of them at `sym40`, but 72 % at `asym40`, where it ends as CE does: its loss tolerates symmetric errors.
- Co-teaching's estimate is 47 % where 40 % are wrong, and 24 % where 20 % are: on these images the networks know the classes after
  three epochs.
- DivideMix at `sym40` gives up a class: not one right label of *shirt*, the class that CE finds hardest, has the loss of a clean
  sample, so all of them count as unlabelled and no test image is called a shirt (recall 0). Of the other classes it keeps 75 to
  99 % of the right labels and at most 4 % of the wrong ones.
- DivideMix at `asym40` (seed 1) takes what is hard for wrong: it keeps 7 % of the wrong labels and 73 % of the right ones, but of
  those of *shirt* 21 of 440 and of *pullover* 58 of 272, and recognises 4 and 21 % of their test images.
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
