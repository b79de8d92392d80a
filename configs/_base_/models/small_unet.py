model = dict(
    type='mmnoisy.SampleAwareClassifier',
    backbone=dict(type='mmnoisy.SmallUNet', in_channels=1),
    head=dict(
        type='mmnoisy.PixelHead',
        num_classes=4,
        in_channels=16,
        loss=dict(type='mmnoisy.DenseLoss', loss=dict(type='mmpretrain.CrossEntropyLoss')),
    ),
)
