optim_wrapper = dict(optimizer=dict(type='Adam', lr=5e-3))
# Without `end` mmengine writes max_epochs of the first run into the checkpoint, and a resumed longer run stops annealing.
param_scheduler = dict(type='CosineAnnealingLR', T_max=30, end=30, by_epoch=True)
train_cfg = dict(by_epoch=True, max_epochs=30, val_interval=1)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(base_batch_size=16)
