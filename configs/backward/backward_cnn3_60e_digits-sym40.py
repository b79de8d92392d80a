_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.BackwardCorrectionLoss', num_classes=10)))
custom_hooks = [dict(type='mmnoisy.TransitionHook'), dict(type='mmnoisy.TransitionErrorHook')]
optim_wrapper = dict(optimizer=dict(lr=0.003))
