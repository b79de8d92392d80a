# SimCLR on the images of a recipe, no label used, then the recipe from its weights: tools/train.py runs both.
# What the recipe is judged by stays out of the first stage: nothing in it classifies.
view = [
    dict(type='RandomCrop', crop_size=8, padding=1),
    dict(type='RandomResizedCrop', scale=8, crop_ratio_range=(0.5, 1.0)),
    dict(type='Rotate', angle=15.0, prob=0.8),
]
pretrain = {
    'model': dict(
        _delete_=True,
        type='SimCLR',
        backbone=dict(type='mmnoisy.CNN3', in_channels=1),
        neck=dict(
            type='NonLinearNeck',
            in_channels=128,
            hid_channels=128,
            out_channels=64,
            num_layers=2,
            with_avg_pool=False,
        ),
        head=dict(type='ContrastiveHead', loss=dict(type='CrossEntropyLoss'), temperature=0.2),
    ),
    'data_preprocessor': dict(_delete_=True, type='SelfSupDataPreprocessor', mean=[73.3], std=[90.3], to_rgb=False),
    'train_dataloader.dataset.pipeline': [
        dict(type='MultiView', num_views=2, transforms=[view]),
        dict(type='PackInputs'),
    ],
    'train_dataloader.collate_fn': dict(type='default_collate'),
    'train_dataloader.batch_size': 256,
    'train_dataloader.sampler': dict(_delete_=True, type='DefaultSampler', shuffle=True),
    'train_cfg.max_epochs': 60,
    'optim_wrapper.optimizer': dict(type='Adam', lr=2e-3, _delete_=True),
    'param_scheduler': dict(type='CosineAnnealingLR', T_max=60, end=60, by_epoch=True),
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
