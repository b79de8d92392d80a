_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.AULLoss')))
optim_wrapper = dict(optimizer=dict(lr=0.0005))
