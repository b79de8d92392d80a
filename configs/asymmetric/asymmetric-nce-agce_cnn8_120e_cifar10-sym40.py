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
            type='mmnoisy.APLLoss',
            active=dict(type='mmnoisy.NCELoss', loss_weight=1.0),
            passive=dict(type='mmnoisy.AGCELoss', a=6.0, q=1.5, loss_weight=4.0),
        )
    ),
)
optim_wrapper = dict(clip_grad=dict(max_norm=5.0))
