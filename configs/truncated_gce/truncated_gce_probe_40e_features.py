_base_ = '../ce/ce_probe_40e_features.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.TruncatedGCELoss', begin_epoch=13)))
