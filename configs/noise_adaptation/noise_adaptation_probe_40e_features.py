_base_ = '../ce/ce_probe_40e_features.py'
model = dict(head=dict(type='mmnoisy.NoiseAdaptationHead'))
# Decay would pull the channel towards the uniform one.
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'noise_logits': dict(decay_mult=0)}))
