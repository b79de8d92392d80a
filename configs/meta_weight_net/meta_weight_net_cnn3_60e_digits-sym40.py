_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(type='mmnoisy.MetaWeightNet')
train_dataloader = dict(dataset=dict(trusted=dict(per_class=10)))
custom_hooks = [dict(type='mmnoisy.MetaSetHook', batch_size=64)]
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(weight_net=dict(lr_mult=0.3))))
