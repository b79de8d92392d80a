_base_ = '../ce/ce_probe_40e_features.py'
# The noise rate is estimated, as Co-teaching's is in coteaching-auto.
model = dict(
    _delete_=True,
    type='mmnoisy.CoTeachingPlus',
    network=_base_.model,
    forget_rate=dict(rate='auto', num_gradual=5),
    init_epochs=5,
)
custom_hooks = [dict(type='mmnoisy.SelectionRecordHook'), dict(type='mmnoisy.ForgetRateHook', begin=3, factor=1.1)]
