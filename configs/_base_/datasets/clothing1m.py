# Clothing1M: a million images with the labels of the web, of which 2 % are a noisy validation split, and 10,526 test images
# with checked labels. mmnoisy.Clothing1M says which lists data_root must have.
_base_ = './image-folder.py'
data_root = 'data/clothing1m'
num_classes = 14
data_preprocessor = dict(num_classes=num_classes, mean=[177.45, 166.69, 162.46], std=[79.38, 81.4, 81.96])
load = [
    dict(type='LoadImageFromFile', imdecode_backend='pillow'),
    dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
]
augment = [dict(type='RandomCrop', crop_size=224), dict(type='RandomFlip', prob=0.5, direction='horizontal')]
train_pipeline = [*load, *augment, dict(type='PackInputs')]
two_views_pipeline = [*load, dict(type='MultiView', num_views=2, transforms=[augment]), dict(type='PackInputs')]
test_pipeline = [*load, dict(type='CenterCrop', crop_size=224), dict(type='PackInputs')]
source = dict(_delete_=True, type='mmnoisy.Clothing1M', data_root=data_root, split='noisy_train')
label_noise = dict(holdout=0.02, source=source)
train_dataloader = dict(batch_size=64, num_workers=8, dataset=dict(pipeline=train_pipeline, **label_noise))
val_dataloader = dict(batch_size=128, num_workers=8, dataset=dict(pipeline=test_pipeline, **label_noise))
test_dataloader = dict(
    batch_size=128,
    num_workers=8,
    dataset=dict(
        _delete_=True,
        type='mmnoisy.Clothing1M',
        data_root=data_root,
        split='clean_test',
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
