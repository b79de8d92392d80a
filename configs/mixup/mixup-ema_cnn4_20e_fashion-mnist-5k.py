_base_ = '../ce/ce_cnn4_20e_fashion-mnist-5k.py'
model = dict(train_cfg=dict(augments=dict(type='Mixup', alpha=8.0)))
# Averages over the last 100 steps or so, about an epoch and a half; validation and test use the average.
custom_hooks = [dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.01)]
