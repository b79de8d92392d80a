# Label smoothing and mixup on the images that two AUM runs leave, the easy ones first.
_base_ = '../ce/ce_inception-resnet-v2_80e_mini-webvision.py'
model = dict(
    head=dict(
        loss=dict(_delete_=True, type='LabelSmoothLoss', label_smooth_val=0.1, mode='original', use_sigmoid=False)
    ),
    train_cfg=dict(augments=dict(type='Mixup', alpha=0.2)),
)
custom_hooks = [dict(type='mmnoisy.CurriculumHook', stages=(10, 40, 55))]
# AUM measures plain networks: no mixing, no curriculum, a constant learning rate.
measure = {
    'model.head.num_classes': 51,
    'model.head.loss': dict(_delete_=True, type='CrossEntropyLoss'),
    'model.train_cfg': None,
    'custom_hooks': [dict(type='mmnoisy.AUMHook', threshold_class=True)],
    'param_scheduler': None,
    'train_cfg.max_epochs': 20,
}
stages = [
    dict(name='measure0', options={'train_dataloader.dataset.threshold_samples': dict(index=0), **measure}),
    dict(name='measure1', options={'train_dataloader.dataset.threshold_samples': dict(index=1), **measure}),
    dict(name='clean', merge=['measure0', 'measure1']),
    dict(name='train', options={'train_dataloader.dataset.keep': '{clean}/samples.csv'}),
]
del measure
