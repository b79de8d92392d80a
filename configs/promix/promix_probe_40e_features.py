# The views are random crops that the bank keeps: make it with views=3. Features have no pixels for FMix.
_base_ = '../ce/ce_probe_40e_features.py'
model = dict(
    _delete_=True,
    type='mmnoisy.ProMix',
    network=_base_.model,
    ramp_epochs=4,
    guess_begin=24,
    momentum=0.99,
    fmix=False,
)
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(cached='random'), dict(cached='random')])
train_dataloader = dict(dataset=dict(source=dict(views=3)))
val_dataloader = dict(dataset=dict(source=dict(views=3)))
optim_wrapper = dict(optimizer=dict(lr=0.005))
custom_hooks = [dict(type='mmnoisy.ProMixHook', warmup_epochs=2)]
