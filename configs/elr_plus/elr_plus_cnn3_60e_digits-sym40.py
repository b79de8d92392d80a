_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(
    _delete_=True,
    type='mmnoisy.ELRPlus',
    network=_base_.model,
    # A run has 1,260 iterations; the paper's ramp takes half of its own run.
    ema_momentum=0.99,
    ema_ramp_iters=630,
)
model['network']['head']['loss'] = dict(type='mmnoisy.ELRLoss', num_classes=10, lam=7.0, beta=0.9)
custom_hooks = [dict(type='mmnoisy.LossStateHook'), dict(type='mmnoisy.LabelDistributionHook')]
