# What a search can put together, and what composes. A part changes a config:
#   network  entries below the network, which two networks share: dict('head.loss'=...) replaces what is there
#   wrap     a model that holds the network
#   config   entries of the config
#   hooks    hooks that are added
#   views    how many views of each image there are; `view` is how one is made, `last_view` how the last one is
#   numbers  ranges: dict(low=, high=, log=, default=) or dict(choices=[...], default=); '{name}' stands for the value
# '{num_classes}', '{num_samples}', '{epochs}', '{warmup}' (an eighth of the epochs, at least one) and '{half}' stand for
# the run's own.
_state_lr = {
    'loss_module.u': dict(lr_mult=100.0, decay_mult=0.0),
    'loss_module.v': dict(lr_mult=1000.0, decay_mult=0.0),
}
_measure = {
    'model.head.num_classes': '{num_classes+1}',
    'custom_hooks': [dict(type='mmnoisy.AUMHook', threshold_class=True)],
    'train_cfg.max_epochs': '{half}',
    'param_scheduler': None,
}
parts = dict(
    selection=dict(
        none=dict(),
        coteaching=dict(
            wrap=dict(type='mmnoisy.CoTeaching', forget_rate=dict(rate='auto', num_gradual='{warmup}')),
            hooks=[
                dict(type='mmnoisy.SelectionRecordHook'),
                dict(type='mmnoisy.ForgetRateHook', begin='{warmup}', factor='{factor}'),
            ],
            numbers=dict(factor=dict(low=0.8, high=1.3, default=1.1)),
        ),
        aum=dict(
            config={
                'stages': [
                    dict(
                        name='measure0',
                        options={'train_dataloader.dataset.threshold_samples': dict(index=0), **_measure},
                    ),
                    dict(
                        name='measure1',
                        options={'train_dataloader.dataset.threshold_samples': dict(index=1), **_measure},
                    ),
                    dict(name='clean', merge=['measure0', 'measure1']),
                    dict(name='train', options={'train_dataloader.dataset.keep': '{clean}/samples.csv'}),
                ]
            },
        ),
        codivide=dict(
            wrap=dict(type='mmnoisy.DivideMix', step='{semi}'),
            views=2,
            config={'train_dataloader.sampler': dict(type='mmnoisy.StreamSampler')},
            hooks=[dict(type='mmnoisy.CoDivideHook', warmup_epochs='{warmup}')],
        ),
        ssr=dict(
            config={'train_dataloader.sampler': dict(type='mmnoisy.StreamSampler')},
            hooks=[dict(type='mmnoisy.SSRHook', theta_r='{theta}', k='{k}')],
            numbers=dict(theta=dict(low=0.7, high=0.95, default=0.9), k=dict(choices=[20, 60, 200], default=60)),
        ),
    ),
    loss=dict(
        ce=dict(),
        gce=dict(
            network={'head.loss': dict(type='mmnoisy.GCELoss', q='{q}')},
            numbers=dict(q=dict(low=0.2, high=0.9, default=0.7)),
        ),
        sce=dict(
            network={'head.loss': dict(type='mmnoisy.SCELoss', alpha='{alpha}', beta=1.0)},
            numbers=dict(alpha=dict(low=0.03, high=1.0, log=True, default=0.1)),
        ),
        agce=dict(network={'head.loss': dict(type='mmnoisy.AGCELoss')}),
        jal=dict(
            network={
                'head.loss': dict(
                    type='mmnoisy.APLLoss',
                    active=dict(type='mmnoisy.NCELoss', loss_weight=1.0),
                    passive=dict(type='mmnoisy.AMSELoss', a='{a}', loss_weight=1.0),
                )
            },
            numbers=dict(a=dict(low=3.0, high=40.0, log=True, default=30.0)),
        ),
        logit_clip=dict(
            network={'head.loss': dict(type='mmnoisy.LogitClipLoss', threshold='{threshold}')},
            numbers=dict(threshold=dict(low=0.5, high=3.0, log=True, default=1.0)),
        ),
    ),
    correction=dict(
        none=dict(),
        elr=dict(
            network={
                'head.loss': dict(type='mmnoisy.ELRLoss', num_classes='{num_classes}', lam='{lam}', beta='{beta}')
            },
            hooks=[dict(type='mmnoisy.LossStateHook')],
            numbers=dict(lam=dict(low=0.5, high=8.0, log=True, default=3.0), beta=dict(low=0.5, high=0.9, default=0.7)),
        ),
        sop=dict(
            network={
                'head.loss': dict(type='mmnoisy.SOPLoss', num_classes='{num_classes}', num_samples='{num_samples}')
            },
            config={'optim_wrapper.paramwise_cfg': dict(custom_keys=_state_lr)},
            hooks=[dict(type='mmnoisy.LossStateHook')],
        ),
        bootstrapping=dict(
            network={'head.loss': dict(type='mmnoisy.SoftBootstrappingLoss', beta='{beta}')},
            numbers=dict(beta=dict(low=0.3, high=0.95, default=0.8)),
        ),
        smp=dict(
            hooks=[
                dict(
                    type='mmnoisy.PrototypeHook', warmup_epochs='{warmup}', rank=0.75, dense_share=0.3, alpha='{alpha}'
                )
            ],
            numbers=dict(alpha=dict(low=0.3, high=0.9, default=0.5)),
        ),
        forward=dict(
            network={'head.loss': dict(type='mmnoisy.ForwardCorrectionLoss', num_classes='{num_classes}')},
            hooks=[dict(type='mmnoisy.TransitionHook', begin='{warmup}', end='{half}', restart=False)],
        ),
    ),
    semi=dict(
        none=dict(),
        mixmatch=dict(
            step=dict(
                type='mmnoisy.MixMatchStep',
                lambda_u='{lambda_u}',
                ramp_epochs='{half}',
                alpha='{alpha}',
                prior_weight=1,
            ),
            numbers=dict(
                lambda_u=dict(low=1.0, high=50.0, log=True, default=25.0), alpha=dict(choices=[1, 4], default=4)
            ),
        ),
        fixmatch=dict(step=dict(type='mmnoisy.FixMatchStep'), last_view=dict(padding=1, cutout=3)),
    ),
    regulariser=dict(
        none=dict(),
        mixup=dict(
            network={'train_cfg.augments': dict(type='Mixup', alpha='{alpha}')},
            numbers=dict(alpha=dict(low=0.2, high=4.0, log=True, default=1.0)),
        ),
        mixup_ema=dict(
            network={'train_cfg.augments': dict(type='Mixup', alpha='{alpha}')},
            hooks=[dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.02)],
            numbers=dict(alpha=dict(low=0.2, high=4.0, log=True, default=1.0)),
        ),
        ema=dict(hooks=[dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.02)]),
        smoothing=dict(
            network={
                'head.loss': dict(type='LabelSmoothLoss', label_smooth_val='{amount}', num_classes='{num_classes}')
            },
            numbers=dict(amount=dict(low=0.1, high=0.7, default=0.4)),
        ),
        l1=dict(
            network={'penalties': [dict(type='mmnoisy.L1Penalty', weight='{weight}')]},
            numbers=dict(weight=dict(low=1e-6, high=1e-4, log=True, default=1e-5)),
        ),
        penalty=dict(hooks=[dict(type='mmnoisy.WarmupEntropyPenaltyHook', warmup_epochs='{half}')]),
    ),
    augmentation=dict(
        none=dict(),
        shift=dict(view=dict(padding=1)),
        shift_cutout=dict(view=dict(padding=1, cutout=3)),
    ),
)
# What composes, declared here alone: `parts` with one slot's parts, and `not_with` or `only_with` of another slot.
rules = [
    dict(
        parts=dict(correction=['elr', 'sop', 'bootstrapping', 'forward']),
        only_with=dict(loss=['ce']),
        because='the correction is a term or a factor of cross entropy and takes the place of the loss',
    ),
    dict(
        parts=dict(regulariser=['smoothing']),
        only_with=dict(loss=['ce']),
        because='smoothing is cross entropy with another target and takes the place of the loss',
    ),
    dict(
        parts=dict(regulariser=['smoothing']),
        only_with=dict(correction=['none', 'smp']),
        because='smoothing and the correction would both be the loss',
    ),
    dict(
        parts=dict(correction=['smp']),
        only_with=dict(loss=['ce']),
        because='the corrected label is mixed into the target, in which these losses are not linear',
    ),
    dict(
        parts=dict(semi=['mixmatch', 'fixmatch']),
        only_with=dict(selection=['codivide']),
        because='the step needs the division of the samples that co-divide makes',
    ),
    dict(
        parts=dict(selection=['codivide']),
        only_with=dict(semi=['mixmatch', 'fixmatch']),
        because='divided samples need a step that learns from them',
    ),
    dict(
        parts=dict(selection=['codivide']),
        only_with=dict(correction=['none']),
        because='co-refinement corrects the labels itself',
    ),
    dict(
        parts=dict(selection=['codivide']),
        only_with=dict(regulariser=['none', 'ema', 'penalty']),
        because='the step mixes the images itself and has its own loss',
    ),
    dict(
        parts=dict(selection=['ssr']),
        only_with=dict(correction=['none']),
        because='SSR relabels the samples itself',
    ),
    dict(
        parts=dict(selection=['aum']),
        only_with=dict(correction=['none']),
        because='the margin is measured with one loss that keeps nothing per sample, on unchanged labels',
    ),
    dict(
        parts=dict(selection=['aum']),
        not_with=dict(regulariser=['mixup', 'mixup_ema', 'smoothing']),
        because='the margin is that of an image and its label, neither mixed nor smoothed',
    ),
    dict(
        parts=dict(selection=['coteaching']),
        not_with=dict(correction=['smp', 'forward', 'sop']),
        because='the correction reads one network',
    ),
    dict(
        parts=dict(correction=['smp']),
        not_with=dict(regulariser=['mixup', 'mixup_ema']),
        because='prototypes need the images as they are, not mixtures of two',
    ),
    dict(
        parts=dict(augmentation=['shift', 'shift_cutout']),
        not_with=dict(regulariser=['mixup', 'mixup_ema']),
        because='the preprocessor that makes views mixes no images',
    ),
]
del _state_lr, _measure
