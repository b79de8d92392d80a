_base_ = [
    '../_base_/models/preact_resnet18_cifar.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_200e_step.py',
    '../_base_/default_runtime.py',
]
# 600 / 128: the official step is along the gradient of the batch's mean.
loss = dict(type='mmnoisy.PENCILLoss', num_classes=10, stages=(70, 200), alpha=0.4, beta=0.1, label_lr=4.7)
model = dict(head=dict(loss=dict(_delete_=True, **loss)))
# 0.06 in 200 epochs (ConstantLR ends one before `end`), then 0.2, and a tenth after each third of stage 3.
optim_wrapper = dict(optimizer=dict(lr=0.2, weight_decay=1e-4))
param_scheduler = [
    dict(type='ConstantLR', factor=0.3, end=201, by_epoch=True),
    dict(type='MultiStepLR', milestones=[240, 280], gamma=0.1, by_epoch=True),
]
train_cfg = dict(max_epochs=320)
custom_hooks = [dict(type='mmnoisy.LossStateHook'), dict(type='mmnoisy.LabelDistributionHook')]
del loss
# As in the paper's code, a flipped label is drawn from all classes.
noise = dict(_delete_=True, kind='symmetric', rate=0.4, inclusive=True)
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
