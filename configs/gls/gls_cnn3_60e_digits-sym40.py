_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
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
