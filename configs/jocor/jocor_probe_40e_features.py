_base_ = '../ce/ce_probe_40e_features.py'
# The noise rate is estimated, as Co-teaching's is in coteaching-auto.
model = dict(
    _delete_=True,
    type='mmnoisy.JoCoR',
    network=_base_.model,
    forget_rate=dict(rate='auto', num_gradual=5),
    agreement=0.9,
)
# Of 0.01, 0.02, 0.05, 0.1 and 0.2 the best on noisy validation of two other draws of the noise.
optim_wrapper = dict(optimizer=dict(lr=0.1))
custom_hooks = [dict(type='mmnoisy.SelectionRecordHook'), dict(type='mmnoisy.ForgetRateHook', begin=3, factor=1.1)]
