# AUM with CE and a probe of 10 classes, then training on the samples that are left. Run it with tools/train_stages.py.
# A constant learning rate, as in aum_cnn3_10e.py.
measure = {
    'model.head.num_classes': 11,
    'custom_hooks': [dict(type='mmnoisy.AUMHook', threshold_class=True)],
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
