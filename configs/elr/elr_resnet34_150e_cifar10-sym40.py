_base_ = '../ce/ce_resnet34_120e_cifar10-sym40.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.ELRLoss', num_classes=10, lam=3.0, beta=0.7)))
optim_wrapper = dict(optimizer=dict(lr=0.02, weight_decay=1e-3))
param_scheduler = dict(
    _delete_=True, type='CosineRestartLR', periods=[10] * 15, restart_weights=[1] * 15, eta_min=1e-3, by_epoch=True
)
train_cfg = dict(max_epochs=150)
custom_hooks = [dict(type='mmnoisy.LossStateHook')]
# As in the paper's code, a flipped label is drawn from all classes.
noise = dict(_delete_=True, kind='symmetric', rate=0.4, inclusive=True)
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
