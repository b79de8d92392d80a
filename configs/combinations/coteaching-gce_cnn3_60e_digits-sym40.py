_base_ = '../coteaching/coteaching_cnn3_60e_digits-sym40.py'
model = dict(network=dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.GCELoss', q=0.7))))
