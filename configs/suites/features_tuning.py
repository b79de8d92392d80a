# The learning rate of four methods on the features track: eight trials each, on two noises whose draws (seed 100) no table
# shows, chosen by noisy validation. `tools/analysis_tools/choose_settings.py` says which; the suite `features` has the chosen
# ones beside the defaults.
_base_ = './features.py'
name = 'features_tuning'
title = 'Features track: learning rates, by noisy validation of other draws'
seeds = [100]
noises = dict(
    _delete_=True,
    sym40=dict(label='clean_label', noise=dict(kind='symmetric', rate=0.4)),
    asym40=dict(label='clean_label', noise=dict(kind='asymmetric', rate=0.4, mapping='cifar10')),
)
methods = {
    '_delete_': True,
    'ceiling': dict(config='ce/ce_probe_40e_features', role='ceiling', title='CE on the right labels only (ceiling)'),
    **{
        f'{method}@{lr:g}': dict(
            config=f'{folder}_probe_40e_features',
            title=f'{method}, learning rate {lr:g}',
            options={'optim_wrapper.optimizer.lr': lr},
            **(
                {}
                if lr != 0.05 or method not in ('ce', 'mixup_ema')
                else dict(role='ce' if method == 'ce' else 'ce_mixup_ema')
            ),
        )
        for method, folder in (
            ('ce', 'ce/ce'),
            ('mixup_ema', 'mixup/mixup-ema'),
            ('gce', 'gce/gce'),
            ('elr', 'elr/elr'),
        )
        for lr in (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
    },
}
