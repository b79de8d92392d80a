# Your own images and masks: data_root/images/train/NAME.jpg with data_root/masks/train/NAME.png, and the same in test/. A mask is a
# PNG of one channel whose values are the numbers of the classes, 255 where nothing is known. The masks count as given; 10 % of the
# training images are a noisy validation split. Images and masks are scaled to size x size pixels.
data_root = 'data/scenes'
classes = ('background', 'object')
size = 128
data_preprocessor = dict(
    num_classes=len(classes), mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True
)
pipeline = [
    dict(type='mmnoisy.LoadImage'),
    dict(type='Resize', scale=(size, size)),
    dict(type='PackInputs', algorithm_keys=['gt_mask']),
]
mask_folder = dict(type='mmnoisy.MaskFolder', data_root=data_root, classes=classes, size=size)
mask_noise = dict(
    type='mmnoisy.MaskNoise',
    source=dict(data_prefix=dict(img_path='images/train', mask_path='masks/train'), **mask_folder),
    noise=[],
    holdout=0.1,
    seed=0,
    pipeline=pipeline,
)

train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    collate_fn=dict(type='mmnoisy.collate_batch'),
    dataset=dict(part='train', **mask_noise),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=2,
    collate_fn=dict(type='mmnoisy.collate_batch'),
    dataset=dict(part='val', **mask_noise),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = dict(
    batch_size=16,
    num_workers=2,
    collate_fn=dict(type='mmnoisy.collate_batch'),
    dataset=dict(
        data_prefix=dict(img_path='images/test', mask_path='masks/test'),
        test_mode=True,
        pipeline=pipeline,
        **mask_folder,
    ),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_evaluator = dict(type='mmnoisy.MeanIoU')
test_evaluator = val_evaluator
