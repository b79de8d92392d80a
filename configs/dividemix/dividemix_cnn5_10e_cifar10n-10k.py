_base_ = '../ce/ce_cnn5_10e_cifar10n-10k.py'
model = dict(
    _delete_=True,
    type='mmnoisy.DivideMix',
    network=_base_.model,
    step=dict(type='mmnoisy.MixMatchStep', lambda_u=25, ramp_epochs=4, alpha=4, prior_weight=1),
)
# Two views of each image; whole batches, cropped and flipped on the device.
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(padding=4, flip=0.5)] * 2)
train_dataloader = dict(sampler=dict(type='mmnoisy.StreamSampler'))
custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=3)]
