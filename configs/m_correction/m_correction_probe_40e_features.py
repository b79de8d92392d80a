_base_ = '../ce/ce_probe_40e_features.py'
model = dict(
    type='mmnoisy.SemiSupervisedClassifier',
    step=dict(type='mmnoisy.BootstrappingStep', kind='hard', alpha=32, prior_weight=1),
)
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor')
custom_hooks = [
    dict(type='mmnoisy.LossMixtureHook', warmup_epochs=10, percentile=5, mixture_options=dict(max_iter=10, margin=1e-3))
]
