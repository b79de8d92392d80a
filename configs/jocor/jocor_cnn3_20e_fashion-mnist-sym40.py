_base_ = '../ce/ce_cnn3_20e_fashion-mnist-sym40.py'
model = dict(_delete_=True, type='mmnoisy.JoCoR', network=_base_.model, forget_rate=0.4)
# lambda leaves a tenth of the cross entropy.
optim_wrapper = dict(optimizer=dict(lr=0.1))
custom_hooks = [dict(type='mmnoisy.SelectionRecordHook')]
