_base_ = '../ce/ce_cnn3_12e_cifar10n-10k.py'
model = dict(train_cfg=dict(augments=dict(type='Mixup', alpha=8.0)))
