_base_ = '../m_correction/m_correction_probe_40e_features.py'
custom_hooks = [*_base_.custom_hooks, dict(type='mmnoisy.MarginalAdjustmentHook')]
