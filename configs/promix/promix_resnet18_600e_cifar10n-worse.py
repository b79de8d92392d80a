_base_ = [
    '../_base_/models/resnet18_cifar.py',
    '../_base_/datasets/cifar10n.py',
    '../_base_/schedules/sgd_200e_cosine.py',
    '../_base_/default_runtime.py',
]
model = dict(_delete_=True, type='mmnoisy.ProMix', network=_base_.model, guess_begin=350)
# Whole batches of images, changed on the device.
data_preprocessor = dict(
    type='mmnoisy.MultiViewDataPreprocessor',
    views=[
        dict(padding=4, flip=0.5),
        dict(padding=4, flip=0.5, cutout=8, rand_augment=dict(num_ops=3, magnitude=10)),
    ],
)
train_dataloader = dict(batch_size=256, num_workers=0, dataset=dict(pipeline=_base_.test_pipeline))
optim_wrapper = dict(optimizer=dict(lr=0.05, weight_decay=5e-4))
param_scheduler = dict(T_max=600, eta_min=5e-5)
train_cfg = dict(max_epochs=600)
auto_scale_lr = dict(base_batch_size=256)
custom_hooks = [dict(type='mmnoisy.ProMixHook', warmup_epochs=10)]
