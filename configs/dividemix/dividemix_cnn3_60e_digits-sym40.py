_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(
    _delete_=True,
    type='mmnoisy.DivideMix',
    network=_base_.model,
    step=dict(type='mmnoisy.MixMatchStep', lambda_u=25, ramp_epochs=16, alpha=1, prior_weight=1))
# Half of the batch is labelled, half is not; no view is distorted: digits of 8x8 pixels fill their image.
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(), dict()])
train_dataloader = dict(batch_size=64, sampler=dict(type='mmnoisy.StreamSampler'))
optim_wrapper = dict(optimizer=dict(lr=0.05))
custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=10)]
