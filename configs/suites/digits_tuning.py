# The main numbers of Co-teaching, JoCoR, SSR and DivideMix on digits: four trials each, on two noises whose draws (seed 100)
# no table shows, chosen by noisy validation. `tools/analysis_tools/choose_settings.py --epochs last` says which.
_base_ = './digits.py'
name = 'digits_tuning'
title = 'Digits track: settings, by noisy validation of other draws'
seeds = [100]
noises = dict(
    _delete_=True,
    sym40=dict(noise=dict(kind='symmetric', rate=0.4)),
    asym40=dict(noise=dict(kind='asymmetric', rate=0.4, mapping='mnist')),
)
methods = {
    '_delete_': True,
    'ce': dict(config='ce/ce_cnn3_60e_digits-sym40', role='ce', title='CE'),
    'mixup_ema': dict(config='mixup/mixup-ema_cnn3_60e_digits-sym40', role='ce_mixup_ema', title='CE + mixup + EMA'),
    'ceiling': dict(
        config='ce/ce_cnn3_60e_digits-sym40', role='ceiling', title='CE on the right labels only (ceiling)'
    ),
    # What is forgotten, as a multiple of the noise rate, which asym40 does not have in every class.
    **{
        f'coteaching@{factor:g} times the rate after 10 epochs': dict(
            config='coteaching/coteaching_cnn3_60e_digits-sym40',
            title=f'Co-teaching, {factor:g} times the rate after 10 epochs',
            noises=['sym40'],
            options={'model.forget_rate': dict(_delete_=True, rate=round(0.4 * factor, 3), num_gradual=10)},
        )
        for factor in (0.8, 1.0, 1.25, 1.5)
    },
    **{
        f'jocor@{factor:g} times the rate lr {lr:g}': dict(
            config='jocor/jocor_cnn3_60e_digits-sym40',
            title=f'JoCoR, {factor:g} times the rate after 20 epochs, learning rate {lr:g}',
            noises=['sym40'],
            options={'model.forget_rate.rate': round(0.4 * factor, 3), 'optim_wrapper.optimizer.lr': lr},
        )
        for lr in (0.05, 0.1)
        for factor in (1.0, 1.25)
    },
    **{
        f'ssr@k {k}': dict(
            config='ssr/ssr_cnn3_60e_digits-sym40',
            title=f'SSR, k {k}',
            options={'custom_hooks': [dict(type='mmnoisy.SSRHook', theta_r=0.9, k=k)]},
        )
        for k in (20, 40, 60, 100)
    },
    **{
        f'dividemix@lr {lr:g} warm-up {warmup}': dict(
            config='dividemix/dividemix_cnn3_60e_digits-sym40',
            title=f'DivideMix, learning rate {lr:g}, warm-up {warmup}',
            options={
                'optim_wrapper.optimizer.lr': lr,
                'custom_hooks': [dict(type='mmnoisy.CoDivideHook', warmup_epochs=warmup)],
            },
        )
        for lr in (0.02, 0.05)
        for warmup in (5, 10)
    },
}
