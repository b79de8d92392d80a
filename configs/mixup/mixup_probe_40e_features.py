_base_ = '../ce/ce_probe_40e_features.py'
model = dict(train_cfg=dict(augments=dict(type='Mixup', alpha=1.0)))
