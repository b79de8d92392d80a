_base_ = [
    '../_base_/models/resnet34_cifar.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_300e_step.py',
    '../_base_/stages/aum_resnet34_150e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=256)
optim_wrapper = dict(optimizer=dict(lr=0.1, nesterov=True, weight_decay=1e-4))
param_scheduler = dict(milestones=[150, 225])
auto_scale_lr = dict(base_batch_size=256)
