_base_ = '../ce/ce_resnet18_30e_image-folder.py'
# Nobody knows the noise rate of one's own images: it is estimated.
model = dict(
    _delete_=True, type='mmnoisy.CoTeaching', network=_base_.model, forget_rate=dict(rate='auto', num_gradual=5)
)
custom_hooks = [dict(type='mmnoisy.SelectionRecordHook'), dict(type='mmnoisy.ForgetRateHook', begin=3, factor=1.1)]
