_base_ = '../ce/ce_probe_40e_features.py'
# `num_samples` is the number of training images, or more.
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.SOPLoss', num_classes=10, num_samples=50000)))
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            'loss_module.u': dict(lr_mult=100.0, decay_mult=0.0),
            'loss_module.v': dict(lr_mult=1000.0, decay_mult=0.0),
        }
    )
)
custom_hooks = [dict(type='mmnoisy.LossStateHook')]
