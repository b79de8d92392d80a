_base_ = '../mixup/mixup_cnn3_60e_digits-sym40.py'
model = dict(train_cfg=dict(augments=dict(alpha=4.0)))
train_dataloader = dict(sampler=dict(type='mmnoisy.StreamSampler'))
custom_hooks = [dict(type='mmnoisy.SSRHook', theta_r=0.9, k=40)]
