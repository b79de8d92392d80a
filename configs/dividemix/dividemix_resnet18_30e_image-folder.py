_base_ = '../ce/ce_resnet18_30e_image-folder.py'
# Options as on Clothing1M: without a loss on the unlabelled images.
model = dict(
    _delete_=True,
    type='mmnoisy.DivideMix',
    network=_base_.model,
    step=dict(type='mmnoisy.MixMatchStep', lambda_u=0, alpha=0.5, labelled_only=True, prior_weight=1),
)
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor')
train_dataloader = dict(dataset=dict(pipeline=_base_.two_views_pipeline), sampler=dict(type='mmnoisy.StreamSampler'))
custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=5)]
