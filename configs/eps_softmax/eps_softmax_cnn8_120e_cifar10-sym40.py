_base_ = [
    '../_base_/models/cnn8.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_120e_cosine.py',
    '../_base_/default_runtime.py',
]
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
optim_wrapper = dict(clip_grad=dict(max_norm=5.0))
