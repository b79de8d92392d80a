_base_ = '../ce/ce_probe_40e_features.py'
model = dict(
    head=dict(
        loss=dict(
            _delete_=True,
            type='mmnoisy.SumLoss',
            terms=[
                dict(loss=dict(type='mmpretrain.CrossEntropyLoss'), end=10),
                dict(loss=dict(type='mmnoisy.GLSLoss', smooth_rate=-1.0), begin=10),
            ],
        )
    )
)
