_base_ = '../dividemix/dividemix_cnn3_60e_digits-asym30.py'
custom_hooks = [*_base_.custom_hooks, dict(type='mmnoisy.MarginalAdjustmentHook')]
