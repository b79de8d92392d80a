_base_ = '../ce/ce_resnet34_150e_cifar100-sym40.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.ELRLoss', num_classes=100, lam=7.0, beta=0.9)))
optim_wrapper = dict(optimizer=dict(lr=0.02, weight_decay=1e-3))
param_scheduler = dict(gamma=0.01)
custom_hooks = [dict(type='mmnoisy.LossStateHook')]
# As in the paper's code, a flipped label is drawn from all classes.
noise = dict(_delete_=True, kind='symmetric', rate=0.4, inclusive=True)
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
