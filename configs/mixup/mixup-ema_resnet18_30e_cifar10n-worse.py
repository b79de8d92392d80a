_base_ = '../ce/ce_resnet18_30e_cifar10n-worse.py'
model = dict(train_cfg=dict(augments=dict(type='Mixup', alpha=8.0)))
# Averages over the last 1,000 steps or so, about three epochs; validation and test use the average.
custom_hooks = [dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.001)]
