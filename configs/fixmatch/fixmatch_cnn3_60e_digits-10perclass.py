_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
# 10 of the labels of each class, none of them wrong.
noise = dict(_delete_=True, kind='symmetric', rate=0.0)
model = dict(
    type='mmnoisy.SemiSupervisedClassifier', step=dict(type='mmnoisy.FixMatchStep', lambda_u=1, confidence=0.95)
)
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(), dict(padding=1, cutout=3)])
train_dataloader = dict(batch_size=128, dataset=dict(noise=noise), sampler=dict(type='mmnoisy.StreamSampler'))
val_dataloader = dict(dataset=dict(noise=noise))
optim_wrapper = dict(optimizer=dict(lr=0.05))
custom_hooks = [
    dict(type='mmnoisy.PartialLabelsHook', labelled_per_class=10, unlabelled_share=0.75, epoch_batches=20),
    dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.01),
]
