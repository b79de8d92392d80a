_base_ = '../mixup/mixup_probe_40e_features.py'
train_dataloader = dict(sampler=dict(type='mmnoisy.StreamSampler'))
custom_hooks = [dict(type='mmnoisy.SSRHook', theta_r=0.9, k=200)]
