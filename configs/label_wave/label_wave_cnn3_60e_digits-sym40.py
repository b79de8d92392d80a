_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
custom_hooks = [dict(type='mmnoisy.LabelWaveHook')]
