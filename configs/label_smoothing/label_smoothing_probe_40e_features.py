_base_ = '../ce/ce_probe_40e_features.py'
model = dict(head=dict(loss=dict(_delete_=True, type='LabelSmoothLoss', label_smooth_val=0.4, num_classes=10)))
