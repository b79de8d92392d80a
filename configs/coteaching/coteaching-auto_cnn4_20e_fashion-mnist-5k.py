_base_ = '../ce/ce_cnn4_20e_fashion-mnist-5k.py'
model = dict(
    _delete_=True, type='mmnoisy.CoTeaching', network=_base_.model, forget_rate=dict(rate='auto', num_gradual=8)
)
custom_hooks = [dict(type='mmnoisy.SelectionRecordHook'), dict(type='mmnoisy.ForgetRateHook', begin=3)]
