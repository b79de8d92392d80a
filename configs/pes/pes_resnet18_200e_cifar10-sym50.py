_base_ = [
    '../_base_/models/resnet18_cifar.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_200e_step.py',
    '../_base_/default_runtime.py',
]
noise = dict(_delete_=True, kind='symmetric', rate=0.5)
train_dataloader = dict(dataset=dict(noise=noise), sampler=dict(type='mmnoisy.StreamSampler'))
val_dataloader = dict(dataset=dict(noise=noise))
custom_hooks = [
    dict(
        type='mmnoisy.PESHook',
        begin=25,
        parts=[dict(modules=['backbone.layer4', 'head'], epochs=7), dict(modules=['head'], epochs=5)],
        lr=1e-4,
    )
]
