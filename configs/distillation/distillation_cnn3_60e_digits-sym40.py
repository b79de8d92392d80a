_base_ = '../dividemix/dividemix_cnn3_60e_digits-sym40.py'
# The student: CNN3 of half the width. The labels, of which 40 % are wrong, are not seen again.
student = dict(
    _delete_=True,
    type='mmnoisy.DistilledClassifier',
    backbone=dict(type='mmnoisy.CNN3', in_channels=1, channels=(16, 32, 64)),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=64, loss=dict(type='CrossEntropyLoss')),
    teacher=dict(_base_.model),
)
stages = [
    dict(name='teacher'),
    dict(
        name='student',
        options={
            'model': student,
            'model.checkpoint': '{teacher:weights}',
            'data_preprocessor.views': [dict(padding=1)],
            'train_dataloader.sampler': dict(_delete_=True, type='DefaultSampler', shuffle=True),
            'custom_hooks': [],
        },
    ),
]
del student
