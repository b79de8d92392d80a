_base_ = [
    '../_base_/models/resnet18_cifar.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/schedules/sgd_300e_step.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=100))
noise = dict(_delete_=True, kind='asymmetric', rate=0.4, mapping='cifar100')
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
custom_hooks = [dict(type='mmnoisy.WarmupEntropyPenaltyHook', warmup_epochs=30)]
