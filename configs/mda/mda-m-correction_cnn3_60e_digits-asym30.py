_base_ = '../m_correction/m_correction_cnn3_60e_digits-asym30.py'
custom_hooks = [*_base_.custom_hooks, dict(type='mmnoisy.MarginalAdjustmentHook')]
