# Features that mmnoisy.engine.build_feature_bank wrote, of one folder to train on, of which 10 % are a noisy validation
# split, and of one to test on. Labels are the banks' first column; LabelNoise's option `noise` changes them.
pipeline = [dict(type='PackInputs')]
# The backbone of the probe scales each feature.
data_preprocessor = dict(num_classes=10)
label_noise = dict(
    type='mmnoisy.LabelNoise',
    source=dict(type='mmnoisy.FeatureBank', bank='data/features/train'),
    noise=None,
    holdout=0.1,
    seed=0,
    pipeline=pipeline,
)

train_dataloader = dict(
    batch_size=512,
    num_workers=0,
    persistent_workers=False,
    pin_memory=False,
    collate_fn=dict(type='mmnoisy.collate_batch'),
    dataset=dict(part='train', **label_noise),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=1024,
    num_workers=0,
    persistent_workers=False,
    pin_memory=False,
    collate_fn=dict(type='mmnoisy.collate_batch'),
    dataset=dict(part='val', **label_noise),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = dict(
    batch_size=1024,
    num_workers=0,
    persistent_workers=False,
    pin_memory=False,
    collate_fn=dict(type='mmnoisy.collate_batch'),
    dataset=dict(type='mmnoisy.FeatureBank', bank='data/features/test', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_evaluator = dict(type='Accuracy', topk=(1,))
test_evaluator = val_evaluator
