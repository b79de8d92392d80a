_base_ = '../ce/ce_probe_40e_features.py'
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
