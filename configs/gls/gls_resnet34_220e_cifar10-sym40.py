_base_ = '../ce/ce_resnet34_120e_cifar10-sym40.py'
model = dict(
    head=dict(
        loss=dict(
            _delete_=True,
            type='mmnoisy.SumLoss',
            terms=[
                dict(loss=dict(type='mmpretrain.CrossEntropyLoss'), end=120),
                dict(loss=dict(type='mmnoisy.GLSLoss', smooth_rate=-1.0), begin=120),
            ],
        )
    )
)
# To 1e-6 with the second term, as in the official code.
param_scheduler = [
    dict(type='MultiStepLR', milestones=[40, 80], gamma=0.1, by_epoch=True),
    dict(type='MultiStepLR', milestones=[120], gamma=0.01, by_epoch=True),
]
train_cfg = dict(max_epochs=220)
