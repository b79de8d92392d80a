# AUM with the network of the recipe on CIFAR-10, then training on the samples that are left: tools/train_stages.py.
# The paper's measuring: 150 epochs at a constant learning rate of 0.1 with batch 64.
measure = {
    'model.head.num_classes': 11,
    'custom_hooks': [dict(type='mmnoisy.AUMHook', threshold_class=True)],
    'train_dataloader.batch_size': 64,
    'optim_wrapper.optimizer.lr': 0.1,
    'param_scheduler': None,
    'train_cfg.max_epochs': 150,
}
stages = [
    dict(name='measure0', options={'train_dataloader.dataset.threshold_samples': dict(index=0), **measure}),
    dict(name='measure1', options={'train_dataloader.dataset.threshold_samples': dict(index=1), **measure}),
    dict(name='clean', merge=['measure0', 'measure1']),
    dict(name='train', options={'train_dataloader.dataset.keep': '{clean}/samples.csv'}),
]
del measure
