_base_ = '../ce/ce_cnn3_20e_fashion-mnist-sym40.py'
# A run has 8,440 iterations.
model = dict(_delete_=True, type='mmnoisy.ELRPlus', network=_base_.model, ema_momentum=0.997, ema_ramp_iters=4000)
model['network']['head']['loss'] = dict(type='mmnoisy.ELRLoss', num_classes=10, lam=3.0, beta=0.7)
custom_hooks = [dict(type='mmnoisy.LossStateHook'), dict(type='mmnoisy.LabelDistributionHook')]
