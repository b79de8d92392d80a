_base_ = '../ce/ce_probe_40e_features.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.ImportanceReweightingLoss', num_classes=10)))
custom_hooks = [dict(type='mmnoisy.TransitionHook'), dict(type='mmnoisy.TransitionErrorHook')]
