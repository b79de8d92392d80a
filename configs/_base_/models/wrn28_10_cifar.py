model = dict(
    type='mmnoisy.SampleAwareClassifier',
    backbone=dict(
        type='mmnoisy.PreActResNet', blocks=(4, 4, 4), width=160, stem_width=16, stem_norm=False, final_norm=True
    ),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=640, loss=dict(type='CrossEntropyLoss')),
)
