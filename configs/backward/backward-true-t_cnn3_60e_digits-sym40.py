_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
transition = dict(kind='symmetric', rate=0.4)
model = dict(
    head=dict(loss=dict(_delete_=True, type='mmnoisy.BackwardCorrectionLoss', num_classes=10, transition=transition))
)
optim_wrapper = dict(optimizer=dict(lr=0.003))
