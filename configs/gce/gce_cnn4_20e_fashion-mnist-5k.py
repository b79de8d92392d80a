_base_ = '../ce/ce_cnn4_20e_fashion-mnist-5k.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.GCELoss', q=0.7)))
