_base_ = '../ce/ce_cnn3_20e_fashion-mnist-sym40.py'
model = dict(head=dict(type='mmnoisy.NoiseAdaptationHead'))
# Decay would pull the channel towards the uniform one.
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'noise_logits': dict(decay_mult=0)}))
