_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(
    head=dict(
        loss=dict(
            _delete_=True,
            type='mmnoisy.SumLoss',
            terms=[
                dict(loss=dict(type='mmnoisy.EpsSoftmaxLoss', m=1e5, loss_weight=0.01)),
                dict(loss=dict(type='mmnoisy.MAELoss', loss_weight=5.0)),
            ],
        )
    )
)
optim_wrapper = dict(optimizer=dict(lr=0.002), clip_grad=dict(max_norm=5.0))
