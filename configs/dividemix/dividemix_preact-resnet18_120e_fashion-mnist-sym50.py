_base_ = [
    '../_base_/models/preact_resnet18_cifar.py',
    '../_base_/datasets/fashion-mnist.py',
    '../_base_/schedules/sgd_120e_cosine.py',
    '../_base_/small_data_runtime.py',
]
_base_.model.backbone.in_channels = 1
model = dict(
    _delete_=True,
    type='mmnoisy.DivideMix',
    network=_base_.model,
    step=dict(type='mmnoisy.MixMatchStep', lambda_u=25, ramp_epochs=16, alpha=4, prior_weight=1),
)
# Whole batches of images, cropped and flipped on the device.
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(padding=2, flip=0.5)] * 2)
noise = dict(_delete_=True, kind='symmetric', rate=0.5)
train_dataloader = dict(
    num_workers=0, dataset=dict(pipeline=_base_.test_pipeline, noise=noise), sampler=dict(type='mmnoisy.StreamSampler')
)
val_dataloader = dict(dataset=dict(noise=noise))
optim_wrapper = dict(optimizer=dict(lr=0.02, weight_decay=5e-4))
custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=10)]
