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
# NLS has no lower bound: at the learning rate of the warm-up it undoes what was learnt.
param_scheduler = [
    dict(type='CosineAnnealingLR', T_max=60, end=60, by_epoch=True),
    dict(type='MultiStepLR', milestones=[10], gamma=0.01, by_epoch=True),
]
