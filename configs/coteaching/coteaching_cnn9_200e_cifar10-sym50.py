_base_ = [
    '../_base_/models/cnn9.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/adam_200e.py',
    '../_base_/default_runtime.py',
]
model = dict(_delete_=True, type='mmnoisy.CoTeaching', network=_base_.model, forget_rate=0.5)
data_preprocessor = dict(mean=[0.0] * 3, std=[255.0] * 3)
noise = dict(_delete_=True, kind='symmetric', rate=0.5)
# The papers use no augmentation.
train_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline, noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
custom_hooks = [dict(type='mmnoisy.SelectionRecordHook')]
