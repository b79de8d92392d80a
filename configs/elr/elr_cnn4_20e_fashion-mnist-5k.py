_base_ = '../ce/ce_cnn4_20e_fashion-mnist-5k.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.ELRLoss', num_classes=10, lam=3.0, beta=0.7)))
custom_hooks = [dict(type='mmnoisy.LossStateHook')]
