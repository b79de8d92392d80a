# mini-WebVision: 65,944 images of WebVision's first 50 classes found by Google, of which 10 % are a noisy validation split, and
# WebVision's 2,500 validation images of these classes as test images. See mmnoisy.MiniWebVision for data_root.
_base_ = './image-folder.py'
data_root = 'data/webvision'
num_classes = 50
data_preprocessor = dict(num_classes=num_classes)
load = dict(type='LoadImageFromFile', imdecode_backend='pillow')
augment = [
    dict(type='RandomResizedCrop', scale=299, backend='pillow'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
]
train_pipeline = [load, *augment, dict(type='PackInputs')]
two_views_pipeline = [load, dict(type='MultiView', num_views=2, transforms=[augment]), dict(type='PackInputs')]
test_pipeline = [
    load,
    dict(type='ResizeEdge', scale=320, edge='short', backend='pillow'),
    dict(type='CenterCrop', crop_size=299),
    dict(type='PackInputs'),
]
source = dict(_delete_=True, type='mmnoisy.MiniWebVision', data_root=data_root, split='train')
label_noise = dict(source=source)
train_dataloader = dict(batch_size=64, num_workers=8, dataset=dict(pipeline=train_pipeline, **label_noise))
val_dataloader = dict(batch_size=128, num_workers=8, dataset=dict(pipeline=test_pipeline, **label_noise))
test_dataloader = dict(
    batch_size=128,
    num_workers=8,
    dataset=dict(
        _delete_=True,
        type='mmnoisy.MiniWebVision',
        data_root=data_root,
        split='val',
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
val_evaluator = dict(topk=(1, 5))
test_evaluator = val_evaluator
