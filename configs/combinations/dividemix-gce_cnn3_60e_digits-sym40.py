_base_ = '../dividemix/dividemix_cnn3_60e_digits-sym40.py'
# The warm-up's loss; the division goes by cross entropy all the same.
model = dict(network=dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.GCELoss', q=0.7))))
