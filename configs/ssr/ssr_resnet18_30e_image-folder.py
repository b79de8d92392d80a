_base_ = '../ce/ce_resnet18_30e_image-folder.py'
model = dict(train_cfg=dict(augments=dict(type='Mixup', alpha=4.0)))
train_dataloader = dict(sampler=dict(type='mmnoisy.StreamSampler'))
custom_hooks = [dict(type='mmnoisy.SSRHook', theta_r=0.9, k=60)]
