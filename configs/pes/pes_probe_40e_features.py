# A linear probe has no earlier layers to hold: the head that gets new weights is all of it.
_base_ = '../ce/ce_probe_40e_features.py'
train_dataloader = dict(sampler=dict(type='mmnoisy.StreamSampler'))
custom_hooks = [dict(type='mmnoisy.PESHook', begin=4, parts=[dict(modules=['head'], epochs=5)], lr=1e-4)]
