# ANIMAL-10N: 50,000 images of 64 x 64 pixels labelled by people (about 8 % wrong), of which 10 % are a noisy validation split, and
# 5,000 test images. See mmnoisy.Animal10N for data_root.
_base_ = './image-folder.py'
data_root = 'data/animal10n'
num_classes = 10
data_preprocessor = dict(num_classes=num_classes)
load = dict(type='LoadImageFromFile', imdecode_backend='pillow')
train_pipeline = [load, dict(type='RandomFlip', prob=0.5, direction='horizontal'), dict(type='PackInputs')]
test_pipeline = [load, dict(type='PackInputs')]
source = dict(_delete_=True, type='mmnoisy.Animal10N', data_root=data_root, split='train')
label_noise = dict(source=source)
train_dataloader = dict(batch_size=128, num_workers=8, dataset=dict(pipeline=train_pipeline, **label_noise))
val_dataloader = dict(batch_size=128, num_workers=8, dataset=dict(pipeline=test_pipeline, **label_noise))
test_dataloader = dict(
    batch_size=128,
    num_workers=8,
    dataset=dict(
        _delete_=True,
        type='mmnoisy.Animal10N',
        data_root=data_root,
        split='test',
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
