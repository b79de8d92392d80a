_base_ = [
    '../_base_/models/preact_resnet18_cifar.py',
    '../_base_/datasets/cifar10n.py',
    '../_base_/schedules/sgd_30e.py',
    '../_base_/default_runtime.py',
]
# Both views of the selected samples are mixed with one another.
model = dict(
    type='mmnoisy.SemiSupervisedClassifier',
    step=dict(type='mmnoisy.MixMatchStep', lambda_u=0, alpha=4, labelled_only=True),
)
strong = dict(padding=4, flip=0.5, rand_augment=dict(num_ops=2, magnitude=10))
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[strong, strong])
train_dataloader = dict(
    num_workers=0, dataset=dict(pipeline=_base_.test_pipeline), sampler=dict(type='mmnoisy.StreamSampler')
)
optim_wrapper = dict(optimizer=dict(lr=0.02))
auto_scale_lr = dict(base_batch_size=128)
custom_hooks = [dict(type='mmnoisy.SSRHook', theta_r=0.9, k=200)]
