_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(penalties=[dict(type='mmnoisy.L1Penalty', weight=1e-3)])
optim_wrapper = dict(optimizer=dict(weight_decay=0.0))
