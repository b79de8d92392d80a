_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.VolMinNetLoss', num_classes=10)))
custom_hooks = [dict(type='mmnoisy.TransitionErrorHook')]
optim_wrapper = dict(
    optimizer=dict(lr=0.003), paramwise_cfg=dict(custom_keys={'loss_module.w': dict(lr_mult=30.0, decay_mult=0.0)})
)
