_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
custom_hooks = [
    dict(type='mmnoisy.CurriculumHook', stages=(10, 40, 50), restart=True),
    dict(type='mmnoisy.GroupPurityHook'),
]
