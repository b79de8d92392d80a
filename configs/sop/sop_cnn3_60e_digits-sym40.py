_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.SOPLoss', num_classes=10, num_samples=1437)))
# Learning rates of 1 for u and 10 for v, with momentum 0.9: about ten times the step of the paper, for a fifth of its epochs.
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            'loss_module.u': dict(lr_mult=100.0, decay_mult=0.0),
            'loss_module.v': dict(lr_mult=1000.0, decay_mult=0.0),
        }
    )
)
custom_hooks = [dict(type='mmnoisy.LossStateHook')]
