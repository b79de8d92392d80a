_base_ = '../ce/ce_resnet34_120e_cifar10-sym40.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.CORES2Loss', num_classes=10)))
train_dataloader = dict(batch_size=64)
optim_wrapper = dict(optimizer=dict(lr=0.1, momentum=0.0, weight_decay=0.0))
param_scheduler = dict(milestones=[50])
train_cfg = dict(max_epochs=100)
auto_scale_lr = dict(base_batch_size=64)
