_base_ = '../elr/elr_cnn3_60e_digits-sym40.py'
model = dict(train_cfg=dict(augments=dict(type='Mixup', alpha=1.0)))
