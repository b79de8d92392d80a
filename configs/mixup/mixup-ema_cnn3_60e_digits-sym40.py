_base_ = './mixup_cnn3_60e_digits-sym40.py'
# Averages over the last 100 steps or so, five epochs; validation and test use the average.
custom_hooks = [dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.01)]
