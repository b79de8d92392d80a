_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.ELRLoss', num_classes=10, lam=7.0, beta=0.9)))
custom_hooks = [dict(type='mmnoisy.LossStateHook')]
