_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
# 10 of the labels of each class, none of them wrong.
noise = dict(_delete_=True, kind='symmetric', rate=0.0)
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(padding=1)])
train_dataloader = dict(dataset=dict(noise=noise), sampler=dict(type='mmnoisy.StreamSampler'))
val_dataloader = dict(dataset=dict(noise=noise))
custom_hooks = [
    dict(type='mmnoisy.PartialLabelsHook', labelled_per_class=10, unlabelled_share=0, epoch_batches=20),
]
