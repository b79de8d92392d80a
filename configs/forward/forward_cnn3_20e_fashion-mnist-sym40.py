_base_ = '../ce/ce_cnn3_20e_fashion-mnist-sym40.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.ForwardCorrectionLoss', num_classes=10)))
custom_hooks = [dict(type='mmnoisy.TransitionHook', begin=1, end=4), dict(type='mmnoisy.TransitionErrorHook')]
