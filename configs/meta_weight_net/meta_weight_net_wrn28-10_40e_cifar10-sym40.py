_base_ = '../l2rw/l2rw_wrn28-10_40e_cifar10-sym40.py'
model = dict(type='mmnoisy.MetaWeightNet')
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(weight_net=dict(lr_mult=0.03))))
