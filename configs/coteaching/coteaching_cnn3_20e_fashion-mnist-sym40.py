_base_ = '../ce/ce_cnn3_20e_fashion-mnist-sym40.py'
model = dict(_delete_=True, type='mmnoisy.CoTeaching', network=_base_.model, forget_rate=0.4)
custom_hooks = [dict(type='mmnoisy.SelectionRecordHook')]
