_base_ = '../ce/ce_cnn3_20e_fashion-mnist-sym40.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.GCELoss', q=0.7)))
