# A linear classifier on the 1280 features of EfficientNet-Lite0; `bank` gives their mean and deviation.
model = dict(
    type='mmnoisy.SampleAwareClassifier',
    backbone=dict(type='mmnoisy.FeatureProbe', in_channels=1280, bank='data/features/train'),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=1280, loss=dict(type='CrossEntropyLoss')),
)
