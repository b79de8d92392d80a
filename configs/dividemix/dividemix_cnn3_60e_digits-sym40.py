_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(
    _delete_=True,
    type='mmnoisy.DivideMix',
    network=_base_.model,
    step=dict(type='mmnoisy.MixMatchStep', lambda_u=25, ramp_epochs=16, alpha=1, prior_weight=1),
)
# The warm-up sees the first view: shifted by up to a pixel, the networks learn wrong labels later. The second view is
# not distorted: digits of 8x8 pixels fill their image.
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(padding=1), dict()])
train_dataloader = dict(batch_size=64, sampler=dict(type='mmnoisy.StreamSampler'))
optim_wrapper = dict(optimizer=dict(lr=0.05))
custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=10)]
