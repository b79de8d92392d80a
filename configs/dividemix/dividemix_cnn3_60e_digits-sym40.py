_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(
    _delete_=True,
    type='mmnoisy.DivideMix',
    network={{_base_.model}},
    step=dict(type='mmnoisy.MixMatchStep', lambda_u=25, ramp_epochs=16, alpha=4, prior_weight=1))
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(padding=1)] * 2)
train_dataloader = dict(batch_size=128, sampler=dict(type='mmnoisy.StreamSampler'))
custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=10)]
