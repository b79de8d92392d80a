_base_ = '../curriculum/curriculum_cnn3_60e_digits-sym40.py'
model = dict(head=dict(type='mmnoisy.AttentionFeatureMixupHead', group_size=4, afm_weight=1.0, equal_targets=True))
