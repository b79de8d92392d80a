_base_ = [
    '../_base_/models/preact_resnet18_cifar.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_300e_step.py',
    '../_base_/default_runtime.py',
]
model = dict(
    type='mmnoisy.SemiSupervisedClassifier',
    step=dict(type='mmnoisy.BootstrappingStep', kind='hard', alpha=32, prior_weight=1),
)
# Whole batches of images, cropped and flipped on the device.
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(padding=4, flip=0.5)])
noise = dict(_delete_=True, kind='symmetric', rate=0.5, inclusive=True)
train_dataloader = dict(num_workers=0, dataset=dict(pipeline=_base_.test_pipeline, noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
optim_wrapper = dict(optimizer=dict(lr=0.1, weight_decay=1e-4))
param_scheduler = dict(milestones=[100, 250])
custom_hooks = [
    dict(
        type='mmnoisy.LossMixtureHook', warmup_epochs=105, percentile=5, mixture_options=dict(max_iter=10, margin=1e-3)
    )
]
