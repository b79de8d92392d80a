_base_ = [
    '../_base_/models/preact_resnet18_cifar.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_300e_step.py',
    '../_base_/default_runtime.py',
]
# lambda_u as for CIFAR-10N, whose rate the official code does not ask for.
model = dict(
    type='mmnoisy.SemiSupervisedClassifier', step=dict(type='mmnoisy.MixMatchStep', lambda_u=5, ramp_epochs=16, alpha=4)
)
# Whole batches of images, cropped and flipped on the device.
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(padding=4, flip=0.5)] * 2)
# As in the paper's code, a flipped label is drawn from all classes.
noise = dict(_delete_=True, kind='symmetric', rate=0.5, inclusive=True)
train_dataloader = dict(
    num_workers=0, dataset=dict(pipeline=_base_.test_pipeline, noise=noise), sampler=dict(type='mmnoisy.StreamSampler')
)
val_dataloader = dict(dataset=dict(noise=noise))
param_scheduler = dict(_delete_=True, type='CosineAnnealingLR', T_max=300, eta_min_ratio=0.01, by_epoch=True)
custom_hooks = [dict(type='mmnoisy.PESHook', begin=20, parts=[dict(modules=['head'], epochs=5)], lr=1e-4, semi=True)]
