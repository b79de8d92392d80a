_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
# 10 of the labels of each class, none of them wrong.
noise = dict(_delete_=True, kind='symmetric', rate=0.0)
model = dict(
    type='mmnoisy.SemiSupervisedClassifier',
    step=dict(type='mmnoisy.MixMatchStep', lambda_u=75, ramp_epochs=16, alpha=0.75),
)
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(padding=1)] * 2)
train_dataloader = dict(batch_size=64, dataset=dict(noise=noise), sampler=dict(type='mmnoisy.StreamSampler'))
val_dataloader = dict(dataset=dict(noise=noise))
optim_wrapper = dict(optimizer=dict(lr=0.05))
custom_hooks = [
    dict(type='mmnoisy.PartialLabelsHook', labelled_per_class=10, unlabelled_share=0.5, epoch_batches=20),
    dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.01),
]
