_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(_delete_=True, type='mmnoisy.JoCoR', network=_base_.model, forget_rate=0.4)
custom_hooks = [dict(type='mmnoisy.SelectionHook')]
