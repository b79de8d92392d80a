# Fashion-MNIST: 60,000 training images of which 10 % are a noisy validation split, 10,000 test images.
train_pipeline = test_pipeline = [dict(type='PackInputs')]
data_preprocessor = dict(num_classes=10, mean=[72.94], std=[90.02])
label_noise = dict(
    type='mmnoisy.LabelNoise',
    source=dict(type='mmnoisy.FashionMNIST', split='train'),
    noise=dict(kind='symmetric', rate=0.4),
    holdout=0.1,
    seed=0,
)

train_dataloader = dict(
    batch_size=128,
    num_workers=2,
    collate_fn=dict(type='mmnoisy.collate_batch'),
    dataset=dict(part='train', pipeline=train_pipeline, **label_noise),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=512,
    num_workers=2,
    collate_fn=dict(type='mmnoisy.collate_batch'),
    dataset=dict(part='val', pipeline=test_pipeline, **label_noise),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = dict(
    batch_size=512,
    num_workers=2,
    collate_fn=dict(type='mmnoisy.collate_batch'),
    dataset=dict(type='mmnoisy.FashionMNIST', split='test', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_evaluator = dict(type='Accuracy', topk=(1,))
test_evaluator = val_evaluator
