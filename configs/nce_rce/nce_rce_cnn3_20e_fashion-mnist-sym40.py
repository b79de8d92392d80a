_base_ = '../ce/ce_cnn3_20e_fashion-mnist-sym40.py'
model = dict(
    head=dict(
        loss=dict(
            _delete_=True,
            type='mmnoisy.APLLoss',
            active=dict(type='mmnoisy.NCELoss', loss_weight=1.0),
            passive=dict(type='mmnoisy.RCELoss', loss_weight=1.0),
        )
    )
)
optim_wrapper = dict(optimizer=dict(lr=0.0025))
