_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(
    head=dict(
        loss=dict(
            _delete_=True,
            type='mmnoisy.APLLoss',
            active=dict(type='mmnoisy.NCELoss', loss_weight=1.0),
            passive=dict(type='mmnoisy.AMSELoss', a=30.0, loss_weight=1.0),
        )
    ),
    penalties=[dict(type='mmnoisy.L1Penalty', weight=5e-5, all_parameters=True)],
)
optim_wrapper = dict(optimizer=dict(lr=0.0025, weight_decay=0.0), clip_grad=dict(max_norm=5.0))
