_base_ = [
    '../_base_/models/preact_resnet18_cifar.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/schedules/sgd_300e_step.py',
    '../_base_/default_runtime.py',
]
model = dict(
    type='mmnoisy.ConsistencyClassifier',
    consistency_weight=0.9,
    balance_weight=0.1,
    head=dict(num_classes=100, loss=dict(_delete_=True, type='mmnoisy.SOPLoss', num_classes=100, num_samples=50000)),
)
# Whole batches of images, changed on the device. The paper's strong view is AutoAugment's and a hole.
data_preprocessor = dict(
    type='mmnoisy.MultiViewDataPreprocessor',
    views=[
        dict(padding=4, flip=0.5),
        dict(padding=4, flip=0.5, cutout=16, rand_augment=dict(num_ops=2, magnitude=10)),
    ],
)
# As in the paper's code, a flipped label is drawn from all classes.
noise = dict(_delete_=True, kind='symmetric', rate=0.4, inclusive=True)
train_dataloader = dict(num_workers=0, dataset=dict(pipeline=_base_.test_pipeline, noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
# Rates that do not depend on the noise: 1 for u and 10 for v without momentum, as in a second implementation on
# CIFAR-100; a momentum of 0.9 multiplies the step by 10.
optim_wrapper = dict(
    optimizer=dict(weight_decay=1e-3),
    paramwise_cfg=dict(
        custom_keys={
            'loss_module.u': dict(lr_mult=5.0, decay_mult=0.0),
            'loss_module.v': dict(lr_mult=50.0, decay_mult=0.0),
        }
    ),
)
param_scheduler = dict(_delete_=True, type='CosineAnnealingLR', T_max=300, eta_min_ratio=0.01, by_epoch=True)
