_base_ = '../ssr/ssr_probe_40e_features.py'
custom_hooks = [*_base_.custom_hooks, dict(type='mmnoisy.MarginalAdjustmentHook')]
