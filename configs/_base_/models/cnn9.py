model = dict(
    type='mmnoisy.SampleAwareClassifier',
    backbone=dict(type='mmnoisy.CNN9'),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=128, loss=dict(type='CrossEntropyLoss')),
)
