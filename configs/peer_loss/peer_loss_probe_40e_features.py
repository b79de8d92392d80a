_base_ = '../ce/ce_probe_40e_features.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.PeerLoss', alpha=((3, 0.0), (5, 1.0), (40, 5.0)))))
