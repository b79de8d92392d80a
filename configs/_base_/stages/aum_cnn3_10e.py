# AUM with CE and CNN3 on grey images of 10 classes, then training on the samples that are left. Run it with tools/train_stages.py.
# The paper's measuring: a constant learning rate, stopped before the network memorises wrong labels.
measure = {
    'model': dict(
        _delete_=True,
        type='mmnoisy.SampleAwareClassifier',
        backbone=dict(type='mmnoisy.CNN3', in_channels=1),
        head=dict(type='LinearClsHead', num_classes=11, in_channels=128, loss=dict(type='CrossEntropyLoss')),
    ),
    'custom_hooks': [dict(type='mmnoisy.AUMHook', threshold_class=True)],
    'train_dataloader.batch_size': 64,
    'optim_wrapper.optimizer.lr': 0.01,
    'param_scheduler': None,
    'train_cfg.max_epochs': 10,
}
stages = [
    dict(name='measure0', options={'train_dataloader.dataset.threshold_samples': dict(index=0), **measure}),
    dict(name='measure1', options={'train_dataloader.dataset.threshold_samples': dict(index=1), **measure}),
    dict(name='clean', merge=['measure0', 'measure1']),
    dict(name='train', options={'train_dataloader.dataset.keep': '{clean}/samples.csv'}),
]
del measure
