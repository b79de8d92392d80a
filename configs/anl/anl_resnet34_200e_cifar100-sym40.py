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
            passive=dict(type='mmnoisy.NNCELoss', loss_weight=1.0),
        ),
    ),
    penalties=[dict(type='mmnoisy.L1Penalty', weight=5e-7, all_parameters=True)],
)
optim_wrapper = dict(optimizer=dict(weight_decay=0.0), clip_grad=dict(max_norm=5.0))
