_base_ = '../pes/pes_cnn3_60e_digits-sym40.py'
custom_hooks = [*_base_.custom_hooks, dict(type='mmnoisy.MarginalAdjustmentHook')]
