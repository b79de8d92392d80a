_base_ = [
    '../_base_/models/inception_resnet_v2_299px.py',
    '../_base_/datasets/mini-webvision.py',
    '../_base_/schedules/sgd_80e_step.py',
    '../_base_/default_runtime.py',
]
model = dict(
    _delete_=True,
    type='mmnoisy.DivideMix',
    network=_base_.model,
    step=dict(type='mmnoisy.MixMatchStep', lambda_u=0, alpha=0.5, labelled_only=True, prior_weight=1),
)
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor')
train_dataloader = dict(dataset=dict(pipeline=_base_.two_views_pipeline), sampler=dict(type='mmnoisy.StreamSampler'))
custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=1)]
