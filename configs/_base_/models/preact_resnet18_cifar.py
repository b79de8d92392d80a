model = dict(
    type='mmnoisy.SampleAwareClassifier',
    backbone=dict(type='mmnoisy.PreActResNet'),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=512, loss=dict(type='CrossEntropyLoss')),
)
