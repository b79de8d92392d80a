# The views are random crops that the bank keeps: make it with views=3.
_base_ = '../ce/ce_probe_40e_features.py'
model = dict(
    _delete_=True,
    type='mmnoisy.DivideMix',
    network=_base_.model,
    step=dict(type='mmnoisy.MixMatchStep', lambda_u=25, ramp_epochs=16, alpha=4, prior_weight=1),
)
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(cached='random'), dict(cached='random')])
train_dataloader = dict(dataset=dict(source=dict(views=3)), sampler=dict(type='mmnoisy.StreamSampler'))
val_dataloader = dict(dataset=dict(source=dict(views=3)))
custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=5)]
