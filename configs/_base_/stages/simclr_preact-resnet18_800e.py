# SimCLR on the images of a CIFAR recipe, no label used, then the recipe from its weights: tools/train.py runs both.
# What the recipe is judged by stays out of the first stage: nothing in it classifies.
view = [
    dict(type='RandomResizedCrop', scale=32, crop_ratio_range=(0.2, 1.0)),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(
        type='RandomApply',
        transforms=[dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1)],
        prob=0.8,
    ),
    dict(type='RandomGrayscale', prob=0.2, keep_channels=True, channel_weights=(0.114, 0.587, 0.2989)),
]
pretrain = {
    'model': dict(
        _delete_=True,
        type='SimCLR',
        backbone=dict(type='mmnoisy.PreActResNet'),
        neck=dict(
            type='NonLinearNeck',
            in_channels=512,
            hid_channels=512,
            out_channels=128,
            num_layers=2,
            with_avg_pool=False,
        ),
        head=dict(type='ContrastiveHead', loss=dict(type='CrossEntropyLoss'), temperature=0.5),
    ),
    'data_preprocessor': dict(
        _delete_=True,
        type='SelfSupDataPreprocessor',
        mean=[125.307, 122.961, 113.8575],
        std=[51.5865, 50.847, 51.255],
        to_rgb=False,
    ),
    'train_dataloader.dataset.pipeline': [
        dict(type='MultiView', num_views=2, transforms=[view]),
        dict(type='PackInputs'),
    ],
    'train_dataloader.collate_fn': dict(type='default_collate'),
    'train_dataloader.batch_size': 512,
    'train_dataloader.num_workers': 8,
    'train_dataloader.sampler': dict(_delete_=True, type='DefaultSampler', shuffle=True),
    'train_cfg.max_epochs': 800,
    'optim_wrapper.optimizer': dict(type='SGD', lr=0.5, momentum=0.9, weight_decay=1e-4, _delete_=True),
    'param_scheduler': dict(type='CosineAnnealingLR', T_max=800, end=800, by_epoch=True),
    'custom_hooks': [],
    'default_hooks': dict(
        _delete_=True,
        timer=dict(type='IterTimerHook'),
        logger=dict(type='LoggerHook', interval=100),
        param_scheduler=dict(type='ParamSchedulerHook'),
        checkpoint=dict(type='mmnoisy.CheckpointHook', interval=1, max_keep_ckpts=1, min_seconds=10),
        sampler_seed=dict(type='DistSamplerSeedHook'),
        epoch_seed=dict(type='mmnoisy.EpochSeedHook'),
        run_guard=dict(type='mmnoisy.RunGuardHook'),
        finite_loss=dict(type='mmnoisy.FiniteLossHook'),
    ),
    'val_dataloader': None,
    'val_cfg': None,
    'val_evaluator': None,
    'test_dataloader': None,
    'test_cfg': None,
    'test_evaluator': None,
}
stages = [
    dict(name='pretrain', options=pretrain),
    dict(
        name='train', options={'model.init_cfg.type': 'Pretrained', 'model.init_cfg.checkpoint': '{pretrain:weights}'}
    ),
]
del view, pretrain
