# Co-teaching, Co-teaching+ and JoCoR: from epoch 80 the learning rate falls to 0 and beta1 is 0.1.
optim_wrapper = dict(optimizer=dict(type='Adam', lr=0.001))
param_scheduler = [
    dict(type='LinearLR', start_factor=1.0, end_factor=0.0, begin=80, end=200, by_epoch=True),
    dict(type='MultiStepMomentum', milestones=[80], gamma=1 / 9, by_epoch=True),
]
train_cfg = dict(by_epoch=True, max_epochs=200, val_interval=1)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(base_batch_size=128)
