# python tools/train_stages.py configs/aum/aum_cnn3_60e_digits-sym40.py
_base_ = ['../ce/ce_cnn3_60e_digits-sym40.py']
stages = [
    dict(name='measure0', config='aum-measure_cnn3_10e_digits-sym40.py'),
    dict(
        name='measure1',
        config='aum-measure_cnn3_10e_digits-sym40.py',
        options={'train_dataloader.dataset.threshold_samples.index': 1}),
    dict(name='clean', merge=['measure0', 'measure1']),
    dict(name='train', options={'train_dataloader.dataset.keep': '{clean}/samples.csv'}),
]
