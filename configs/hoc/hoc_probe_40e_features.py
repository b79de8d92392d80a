# T follows from the features alone: one epoch is the shortest warm-up.
_base_ = '../ce/ce_probe_40e_features.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.ForwardCorrectionLoss', num_classes=10)))
custom_hooks = [
    dict(type='mmnoisy.TransitionHook', estimator='hoc', begin=1, end=1),
    dict(type='mmnoisy.TransitionErrorHook'),
]
optim_wrapper = dict(optimizer=dict(lr=0.002))
