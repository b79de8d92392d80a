_base_ = '../ce/ce_resnet50_15e_clothing1m.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.ELRLoss', num_classes=14, lam=3.0, beta=0.7)))
custom_hooks = [dict(type='mmnoisy.LossStateHook')]
