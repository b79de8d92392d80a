_base_ = [
    '../_base_/models/resnet34_cifar.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/schedules/sgd_200e_cosine.py',
    '../_base_/default_runtime.py',
]
model = dict(
    head=dict(
        num_classes=100,
        loss=dict(
            _delete_=True,
            type='mmnoisy.APLLoss',
            active=dict(type='mmnoisy.NCELoss', loss_weight=10.0),
            passive=dict(type='mmnoisy.AGCELoss', a=1.8, q=3.0, loss_weight=0.1),
        ),
    ),
)
optim_wrapper = dict(clip_grad=dict(max_norm=5.0))
