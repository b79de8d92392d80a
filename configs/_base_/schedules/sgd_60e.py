optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=5e-4))
# Without `end` mmengine writes max_epochs of the first run into the checkpoint, and a resumed longer run stops annealing.
param_scheduler = dict(type='CosineAnnealingLR', T_max=60, end=60, by_epoch=True)
train_cfg = dict(by_epoch=True, max_epochs=60, val_interval=1)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(base_batch_size=64)
