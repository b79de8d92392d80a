# The official code sets the weight of ECE by the noise rate, 0.00125 to 0.1. 0.03 stands in the middle, whatever the rate.
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
            type='mmnoisy.SumLoss',
            terms=[
                dict(loss=dict(type='mmnoisy.EpsSoftmaxLoss', m=1e4, loss_weight=0.03)),
                dict(loss=dict(type='mmnoisy.MAELoss', loss_weight=1.0)),
            ],
        ),
    )
)
optim_wrapper = dict(clip_grad=dict(max_norm=5.0))
