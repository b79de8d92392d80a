# Fine-tuning of a pretrained network: the space of `mmnoisy search DATA`, which names the config of the data as its base.
# The packaged base is ResNet-18 from scratch on class folders, --path data=FOLDER.
_base_ = '../_base_/spaces/parts.py'
name = 'fine_tuning'
title = 'All weights of a network on images'
base = 'ce/ce_resnet18_30e_image-folder'
epochs = 30
slots = dict(
    selection=['none', 'coteaching', 'aum', 'ssr'],
    loss=['ce', 'gce', 'sce', 'agce', 'logit_clip'],
    correction=['none', 'elr', 'sop', 'bootstrapping', 'smp', 'forward'],
    regulariser=['none', 'mixup', 'mixup_ema', 'ema', 'smoothing', 'penalty'],
)
numbers = dict(lr=dict(low=0.001, high=0.05, log=True, default=0.01))
options = {'optim_wrapper.optimizer.lr': '{lr}'}
