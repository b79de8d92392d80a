_base_ = [
    '../_base_/models/resnet18_cifar.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_200e_step.py',
    '../_base_/default_runtime.py',
]
model = dict(type='mmnoisy.DISC')
# Whole batches of images, changed on the device.
data_preprocessor = dict(
    type='mmnoisy.MultiViewDataPreprocessor',
    views=[dict(padding=4, flip=0.5), dict(padding=4, flip=0.5, rand_augment=dict(num_ops=2, magnitude=10))],
)
train_dataloader = dict(num_workers=0, dataset=dict(pipeline=_base_.test_pipeline))
optim_wrapper = dict(optimizer=dict(momentum=0.0, weight_decay=1e-3))
param_scheduler = dict(milestones=[80, 160])
custom_hooks = [dict(type='mmnoisy.DISCHook', warmup_epochs=20)]
