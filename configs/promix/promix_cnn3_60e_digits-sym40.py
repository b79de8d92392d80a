_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(
    _delete_=True,
    type='mmnoisy.ProMix',
    network=_base_.model,
    ramp_epochs=5,
    guess_begin=35,
    momentum=0.99,
    alpha=1,
    # Masks of 8x8 pixels cut digits apart.
    fmix=False,
)
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(), dict(padding=1, cutout=3)])
custom_hooks = [dict(type='mmnoisy.ProMixHook', warmup_epochs=6)]
