_base_ = '../ce/ce_probe_40e_features.py'
# 1.1 times a noise rate of 40 %, after five epochs; forget_rate='auto' with ForgetRateHook estimates it.
model = dict(
    _delete_=True,
    type='mmnoisy.CoTeaching',
    network=_base_.model,
    forget_rate=dict(rate=0.44, num_gradual=5),
)
custom_hooks = [dict(type='mmnoisy.SelectionRecordHook')]
