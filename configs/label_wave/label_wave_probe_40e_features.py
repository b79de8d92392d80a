_base_ = '../ce/ce_probe_40e_features.py'
custom_hooks = [dict(type='mmnoisy.LabelWaveHook')]
optim_wrapper = dict(optimizer=dict(lr=0.002))
# Training may end at any epoch: each is evaluated.
default_hooks = dict(summary=dict(interval=1))
