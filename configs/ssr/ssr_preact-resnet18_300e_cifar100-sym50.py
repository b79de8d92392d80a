_base_ = [
    '../_base_/models/preact_resnet18_cifar.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/schedules/sgd_300e_step.py',
    '../_base_/default_runtime.py',
]
# Both views of the selected samples are mixed with one another.
model = dict(
    head=dict(num_classes=100),
    type='mmnoisy.SemiSupervisedClassifier',
    step=dict(type='mmnoisy.MixMatchStep', lambda_u=0, alpha=4, labelled_only=True),
)
strong = dict(padding=4, flip=0.5, rand_augment=dict(num_ops=2, magnitude=10))
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[strong, strong])
noise = dict(_delete_=True, kind='symmetric', rate=0.5, inclusive=True)
train_dataloader = dict(
    num_workers=0, dataset=dict(pipeline=_base_.test_pipeline, noise=noise), sampler=dict(type='mmnoisy.StreamSampler')
)
val_dataloader = dict(dataset=dict(noise=noise))
param_scheduler = dict(_delete_=True, type='CosineAnnealingLR', T_max=300, eta_min=4e-4, end=300, by_epoch=True)
custom_hooks = [dict(type='mmnoisy.SSRHook', theta_r=0.8, k=200)]
