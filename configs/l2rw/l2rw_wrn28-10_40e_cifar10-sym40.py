_base_ = [
    '../_base_/models/wrn28_10_cifar.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_120e_step.py',
    '../_base_/default_runtime.py',
]
model = dict(type='mmnoisy.L2RW')
# As in the paper's code, a flipped label is drawn from all classes.
noise = dict(_delete_=True, kind='symmetric', rate=0.4, inclusive=True)
train_dataloader = dict(batch_size=100, dataset=dict(noise=noise, trusted=dict(per_class=100)))
val_dataloader = dict(dataset=dict(noise=noise))
custom_hooks = [dict(type='mmnoisy.MetaSetHook', batch_size=100)]
# Meta-Weight-Net's 20,000 iterations of 100 images, with drops after 18,000 and 19,000, in epochs of all 50,000.
optim_wrapper = dict(optimizer=dict(lr=0.1, weight_decay=5e-4, nesterov=True))
param_scheduler = dict(milestones=[36, 38])
train_cfg = dict(max_epochs=40)
auto_scale_lr = dict(base_batch_size=100)
