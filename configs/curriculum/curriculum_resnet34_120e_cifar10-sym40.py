_base_ = '../ce/ce_resnet34_120e_cifar10-sym40.py'
custom_hooks = [
    dict(type='mmnoisy.CurriculumHook', stages=(20, 60, 100), restart=True),
    dict(type='mmnoisy.GroupPurityHook'),
]
