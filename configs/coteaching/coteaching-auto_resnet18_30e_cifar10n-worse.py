_base_ = '../ce/ce_resnet18_30e_cifar10n-worse.py'
model = dict(
    _delete_=True, type='mmnoisy.CoTeaching', network=_base_.model, forget_rate=dict(rate='auto', num_gradual=10)
)
custom_hooks = [dict(type='mmnoisy.SelectionRecordHook'), dict(type='mmnoisy.ForgetRateHook', begin=5)]
