_base_ = [
    '../_base_/models/preact_resnet18_cifar.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/schedules/sgd_200e_step.py',
    '../_base_/default_runtime.py',
]
model = dict(_delete_=True, type='mmnoisy.ELRPlus', network=_base_.model, ema_momentum=0.997, ema_ramp_iters=40000)
model['network']['head'].update(
    num_classes=100,
    loss=dict(type='mmnoisy.ELRLoss', num_classes=100, lam=7.0, beta=0.9, ramp_iters=40000, refine_labels=True),
)
optim_wrapper = dict(optimizer=dict(lr=0.02, weight_decay=5e-4))
param_scheduler = dict(milestones=[200])
train_cfg = dict(max_epochs=250)
custom_hooks = [dict(type='mmnoisy.LossStateHook'), dict(type='mmnoisy.LabelDistributionHook')]
# As in the paper's code, a flipped label is drawn from all classes.
noise = dict(_delete_=True, kind='symmetric', rate=0.4, inclusive=True)
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
