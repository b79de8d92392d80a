# Small track: a small CNN on 10,000 images of Fashion-MNIST, a minute or two a run on a CPU. The images: see
# mmnoisy.FashionMNIST.
name = 'small_fashion'
title = 'Small track: CNN3 on 10,000 images of Fashion-MNIST'
note = """
The first 10,000 images of Fashion-MNIST (10 % of them held out with their noisy labels), the first 2,000 test images, 12 epochs
of a CNN of three layers from scratch, batch 128, no distortion (DivideMix: shifts and flips). No setting was tuned.
"""
data = 'fashion-mnist-10k'
options = {
    'train_dataloader.num_workers': 0,
    'train_dataloader.dataset.source.indices': 10000,
    'val_dataloader.num_workers': 0,
    'val_dataloader.dataset.source.indices': 10000,
    'test_dataloader.num_workers': 0,
    'test_dataloader.dataset.indices': 2000,
    'train_cfg.max_epochs': 12,
    'param_scheduler.T_max': 12,
    'default_hooks.summary': dict(interval=3, train_interval=12),
}
seeds = [0, 1]
noises = dict(
    sym40=dict(noise=dict(kind='symmetric', rate=0.4)),
    asym40=dict(noise=dict(kind='asymmetric', rate=0.4, mapping='fashion_mnist')),
)
methods = dict(
    ce=dict(config='ce/ce_cnn3_20e_fashion-mnist-sym40', role='ce', title='CE'),
    mixup_ema=dict(
        config='mixup/mixup-ema_cnn3_20e_fashion-mnist-sym40',
        role='ce_mixup_ema',
        title='CE + mixup + EMA',
        options={
            'custom_hooks': [dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.01)],
        },
    ),
    ceiling=dict(
        config='ce/ce_cnn3_20e_fashion-mnist-sym40', role='ceiling', title='CE on the right labels only (ceiling)'
    ),
    gce=dict(config='gce/gce_cnn3_20e_fashion-mnist-sym40', title='GCE'),
    elr=dict(config='elr/elr_cnn3_20e_fashion-mnist-sym40', title='ELR'),
    mixup=dict(config='mixup/mixup_cnn3_20e_fashion-mnist-sym40', title='mixup'),
    coteaching=dict(
        config='coteaching/coteaching_cnn3_20e_fashion-mnist-sym40',
        title='Co-teaching (estimated rate)',
        options={
            'model.forget_rate': dict(_delete_=True, rate='auto', num_gradual=5),
            'custom_hooks': [dict(type='mmnoisy.SelectionRecordHook'), dict(type='mmnoisy.ForgetRateHook', begin=3)],
        },
    ),
    dividemix=dict(config='dividemix/dividemix_cnn3_20e_fashion-mnist-sym40', title='DivideMix'),
)
