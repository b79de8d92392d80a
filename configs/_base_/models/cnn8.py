model = dict(
    type='mmnoisy.SampleAwareClassifier',
    backbone=dict(type='mmnoisy.CNN8'),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=256, loss=dict(type='CrossEntropyLoss')),
)
