_base_ = '../ce/ce_cnn5_10e_cifar10n-10k.py'
model = dict(
    _delete_=True, type='mmnoisy.CoTeaching', network=_base_.model, forget_rate=dict(rate='auto', num_gradual=4)
)
custom_hooks = [dict(type='mmnoisy.SelectionRecordHook'), dict(type='mmnoisy.ForgetRateHook', begin=2)]
