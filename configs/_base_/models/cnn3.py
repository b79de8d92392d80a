model = dict(
    type='mmnoisy.SampleAwareClassifier',
    backbone=dict(type='mmnoisy.CNN3', in_channels=1),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=128, loss=dict(type='CrossEntropyLoss')),
)
