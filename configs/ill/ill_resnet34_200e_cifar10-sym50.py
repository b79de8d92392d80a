_base_ = [
    '../_base_/models/resnet34_cifar.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_200e_cosine.py',
    '../_base_/default_runtime.py',
]
model = dict(type='mmnoisy.ILL')
# Whole batches of images, changed on the device.
data_preprocessor = dict(
    type='mmnoisy.MultiViewDataPreprocessor',
    views=[dict(padding=4, flip=0.5), dict(padding=4, flip=0.5, rand_augment=dict(num_ops=2, magnitude=10))],
)
noise = dict(_delete_=True, kind='symmetric', rate=0.5)
train_dataloader = dict(num_workers=0, dataset=dict(pipeline=_base_.test_pipeline, noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
optim_wrapper = dict(
    optimizer=dict(lr=0.02, weight_decay=1e-3),
    paramwise_cfg=dict(custom_keys={'noise': dict(lr_mult=0.1, decay_mult=0.0)}),
)
