_base_ = './mixup_probe_40e_features.py'
# Averages over the last 100 steps or so, about three epochs of 18,000 samples; validation and test use the average.
custom_hooks = [dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.01)]
