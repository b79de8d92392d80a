_base_ = '../ce/ce_probe_40e_features.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.SCELoss', alpha=0.1, beta=1.0)))
