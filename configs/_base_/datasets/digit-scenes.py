# Scenes made of scikit-learn's digits, 32x32, 4 classes with the background: 300 for training, of which 10 % are a noisy validation
# split, and 100 for testing. A third of the digits is called another digit, some are missing, boundaries are moved.
pipeline = [dict(type='PackInputs', algorithm_keys=['gt_mask'])]
data_preprocessor = dict(num_classes=4, mean=[55.0], std=[60.0])
mask_noise = dict(
    type='mmnoisy.MaskNoise',
    source=dict(type='mmnoisy.DigitScenes', split='train', num_scenes=300),
    noise=[
        dict(kind='objects', transition=dict(kind='symmetric', rate=0.3)),
        dict(kind='drop', rate=0.1),
        dict(kind='boundary', rate=0.3, shift=1),
        dict(kind='pixels', transition=dict(kind='symmetric', rate=0.02)),
    ],
    holdout=0.1,
    seed=0,
    pipeline=pipeline,
)

train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    persistent_workers=False,
    pin_memory=False,
    collate_fn=dict(type='mmnoisy.collate_batch'),
    dataset=dict(part='train', **mask_noise),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=0,
    persistent_workers=False,
    pin_memory=False,
    collate_fn=dict(type='mmnoisy.collate_batch'),
    dataset=dict(part='val', **mask_noise),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = dict(
    batch_size=64,
    num_workers=0,
    persistent_workers=False,
    pin_memory=False,
    collate_fn=dict(type='mmnoisy.collate_batch'),
    dataset=dict(type='mmnoisy.DigitScenes', split='test', num_scenes=100, pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_evaluator = dict(type='mmnoisy.MeanIoU')
test_evaluator = val_evaluator
