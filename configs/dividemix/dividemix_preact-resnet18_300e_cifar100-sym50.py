_base_ = [
    '../_base_/models/preact_resnet18_cifar.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/schedules/sgd_300e_step.py',
    '../_base_/default_runtime.py',
]
_base_.model.head.num_classes = 100
model = dict(
    _delete_=True,
    type='mmnoisy.DivideMix',
    network=_base_.model,
    step=dict(type='mmnoisy.MixMatchStep', lambda_u=150, ramp_epochs=16, alpha=4, prior_weight=1),
)
# Whole batches of images, cropped and flipped on the device.
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(padding=4, flip=0.5)] * 2)
noise = dict(_delete_=True, kind='symmetric', rate=0.5, inclusive=True)
train_dataloader = dict(
    num_workers=0, dataset=dict(pipeline=_base_.test_pipeline, noise=noise), sampler=dict(type='mmnoisy.StreamSampler')
)
val_dataloader = dict(dataset=dict(noise=noise))
custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=30)]
