_base_ = './mixup_cnn3_20e_fashion-mnist-sym40.py'
# Averages over the last 400 steps or so, an epoch; validation and test use the average.
custom_hooks = [dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.0025)]
