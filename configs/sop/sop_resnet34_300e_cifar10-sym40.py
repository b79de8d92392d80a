_base_ = '../ce/ce_resnet34_120e_cifar10-sym40.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.SOPLoss', num_classes=10, num_samples=50000)))
# Rates that do not depend on the noise: 10 for u and for v without momentum, as in a second implementation on CIFAR-10
# (the authors choose that of v by the kind of noise); a momentum of 0.9 multiplies the step by 10.
optim_wrapper = dict(
    optimizer=dict(lr=0.02, weight_decay=1e-3),
    paramwise_cfg=dict(
        custom_keys={
            'loss_module.u': dict(lr_mult=50.0, decay_mult=0.0),
            'loss_module.v': dict(lr_mult=50.0, decay_mult=0.0),
        }
    ),
)
param_scheduler = dict(_delete_=True, type='CosineAnnealingLR', T_max=300, by_epoch=True)
train_cfg = dict(max_epochs=300)
custom_hooks = [dict(type='mmnoisy.LossStateHook')]
# As in the paper's code, a flipped label is drawn from all classes.
noise = dict(_delete_=True, kind='symmetric', rate=0.4, inclusive=True)
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
