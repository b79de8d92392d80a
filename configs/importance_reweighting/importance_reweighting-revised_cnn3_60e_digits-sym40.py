_base_ = './importance_reweighting_cnn3_60e_digits-sym40.py'
model = dict(head=dict(loss=dict(revise=True)))
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'loss_module.slack': dict(lr_mult=0.1, decay_mult=0)}))
