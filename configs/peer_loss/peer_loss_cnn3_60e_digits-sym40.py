_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.PeerLoss', alpha=((2, 0.0), (4, 1.0), (12, 5.0)))))
