_base_ = '../coteaching/coteaching_cnn3_60e_digits-sym40.py'
model = dict(network=dict(train_cfg=dict(augments=dict(type='Mixup', alpha=0.2))))
