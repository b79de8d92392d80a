_base_ = '../ce/ce_cnn3_20e_fashion-mnist-sym40.py'
model = dict(head=dict(loss=dict(_delete_=True, type='LabelSmoothLoss', label_smooth_val=0.4, num_classes=10)))
