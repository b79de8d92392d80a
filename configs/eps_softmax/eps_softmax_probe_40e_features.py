_base_ = '../ce/ce_probe_40e_features.py'
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
optim_wrapper = dict(optimizer=dict(lr=0.01), clip_grad=dict(max_norm=5.0))
