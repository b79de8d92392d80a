_base_ = [
    '../_base_/models/resnet18_cifar.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_120e_step.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.VolMinNetLoss', num_classes=10)))
custom_hooks = [dict(type='mmnoisy.TransitionErrorHook')]
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'loss_module.w': dict(decay_mult=0.0)}))
param_scheduler = dict(milestones=[30, 60])
train_cfg = dict(max_epochs=80)
