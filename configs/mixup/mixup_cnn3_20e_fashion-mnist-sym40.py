_base_ = '../ce/ce_cnn3_20e_fashion-mnist-sym40.py'
model = dict(train_cfg=dict(augments=dict(type='Mixup', alpha=8.0)))
