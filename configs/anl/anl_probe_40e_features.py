_base_ = '../ce/ce_probe_40e_features.py'
model = dict(
    head=dict(
        loss=dict(
            _delete_=True,
            type='mmnoisy.APLLoss',
            active=dict(type='mmnoisy.NCELoss', loss_weight=5.0),
            passive=dict(type='mmnoisy.NNCELoss', loss_weight=5.0),
        )
    ),
    penalties=[dict(type='mmnoisy.L1Penalty', weight=5e-5, all_parameters=True)],
)
optim_wrapper = dict(optimizer=dict(lr=0.025, weight_decay=0.0), clip_grad=dict(max_norm=5.0))
