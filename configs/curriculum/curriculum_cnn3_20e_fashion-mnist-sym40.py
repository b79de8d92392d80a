_base_ = '../ce/ce_cnn3_20e_fashion-mnist-sym40.py'
custom_hooks = [
    dict(type='mmnoisy.CurriculumHook', stages=(4, 12, 16), restart=True),
    dict(type='mmnoisy.GroupPurityHook'),
]
