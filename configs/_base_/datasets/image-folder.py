# Your own images in class folders: data_root/train/<class>/*.jpg and data_root/test/<class>/*.jpg, the same classes in
# both. The labels count as given; 10 % of the training images are a noisy validation split.
data_root = 'data/images'
num_classes = 10
data_preprocessor = dict(
    num_classes=num_classes, mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True
)
# Refuses a truncated file, which OpenCV fills with grey; scales 16-bit files, which Pillow alone loads white.
load = dict(type='mmnoisy.LoadImage')
augment = [dict(type='RandomResizedCrop', scale=224), dict(type='RandomFlip', prob=0.5, direction='horizontal')]
train_pipeline = [load, *augment, dict(type='PackInputs')]
two_views_pipeline = [load, dict(type='MultiView', num_views=2, transforms=[augment]), dict(type='PackInputs')]
test_pipeline = [
    load,
    dict(type='ResizeEdge', scale=256, edge='short'),
    dict(type='CenterCrop', crop_size=224),
    dict(type='PackInputs'),
]
label_noise = dict(
    type='mmnoisy.LabelNoise',
    source=dict(type='mmnoisy.ImageFolder', data_root=data_root, data_prefix='train'),
    noise=None,
    holdout=0.1,
    seed=0,
)

train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    collate_fn=dict(type='default_collate'),
    dataset=dict(part='train', pipeline=train_pipeline, **label_noise),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=2,
    collate_fn=dict(type='default_collate'),
    dataset=dict(part='val', pipeline=test_pipeline, **label_noise),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = dict(
    batch_size=32,
    num_workers=2,
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmnoisy.ImageFolder', data_root=data_root, data_prefix='test', test_mode=True, pipeline=test_pipeline
    ),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_evaluator = dict(type='Accuracy', topk=(1,))
test_evaluator = val_evaluator
