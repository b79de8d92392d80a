_base_ = './mixup_cnn3_12e_cifar10n-10k.py'
# Averages over the last 100 steps or so, about an epoch and a half; validation and test use the average.
custom_hooks = [dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.01)]
