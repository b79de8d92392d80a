_base_ = [
    '../_base_/models/preact_resnet18_cifar.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_200e_step.py',
    '../_base_/default_runtime.py',
]
model = dict(_delete_=True, type='mmnoisy.ELRPlus', network=_base_.model, ema_momentum=0.997, ema_ramp_iters=40000)
model['network']['head']['loss'] = dict(type='mmnoisy.ELRLoss', num_classes=10, lam=3.0, beta=0.7)
optim_wrapper = dict(optimizer=dict(lr=0.02, weight_decay=5e-4))
param_scheduler = dict(milestones=[150])
custom_hooks = [dict(type='mmnoisy.LossStateHook'), dict(type='mmnoisy.LabelDistributionHook')]
# As in the paper's code, a flipped label is drawn from all classes.
noise = dict(_delete_=True, kind='symmetric', rate=0.4, inclusive=True)
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
