_base_ = '../dividemix/dividemix_probe_40e_features.py'
custom_hooks = [*_base_.custom_hooks, dict(type='mmnoisy.MarginalAdjustmentHook')]
