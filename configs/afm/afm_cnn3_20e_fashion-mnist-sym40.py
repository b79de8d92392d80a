_base_ = '../ce/ce_cnn3_20e_fashion-mnist-sym40.py'
model = dict(head=dict(type='mmnoisy.AttentionFeatureMixupHead', group_size=4, afm_weight=1.0, equal_targets=True))
