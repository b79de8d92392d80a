# The official schedules of the weight depend on the kind of noise: this one is its for uniform noise, without the jump from 0.1
# to 1 in epoch 40.
_base_ = [
    '../_base_/models/resnet18_cifar.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_300e_step.py',
    '../_base_/default_runtime.py',
]
model = dict(
    head=dict(
        loss=dict(
            _delete_=True,
            type='mmnoisy.PeerLoss',
            alpha=((20, 0.0), (40, 1.0), (90, 2.0), (140, 2.5), (240, 3.3), (299, 5.0)),
        )
    )
)
train_dataloader = dict(batch_size=128)
optim_wrapper = dict(optimizer=dict(lr=0.1, weight_decay=1e-4))
param_scheduler = dict(milestones=[40, 80, 120, 160, 200, 240, 280])
