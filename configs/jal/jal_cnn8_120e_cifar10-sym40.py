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
            passive=dict(type='mmnoisy.AMSELoss', a=30.0, loss_weight=1.0),
        )
    ),
    penalties=[dict(type='mmnoisy.L1Penalty', weight=5e-5, all_parameters=True)],
)
optim_wrapper = dict(optimizer=dict(weight_decay=0.0), clip_grad=dict(max_norm=5.0))
