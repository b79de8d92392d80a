_base_ = [
    '../_base_/models/preact_resnet18_cifar.py',
    '../_base_/datasets/cifar10n.py',
    '../_base_/schedules/sgd_30e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    _delete_=True,
    type='mmnoisy.DivideMix',
    network=_base_.model,
    step=dict(type='mmnoisy.MixMatchStep', lambda_u=25, ramp_epochs=16, alpha=4, prior_weight=1),
)
# Whole batches of images, cropped and flipped on the device.
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(padding=4, flip=0.5)] * 2)
train_dataloader = dict(
    num_workers=0, dataset=dict(pipeline=_base_.test_pipeline), sampler=dict(type='mmnoisy.StreamSampler')
)
optim_wrapper = dict(optimizer=dict(lr=0.02))
auto_scale_lr = dict(base_batch_size=128)
custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=5)]
