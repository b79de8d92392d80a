_base_ = '../ce/ce_probe_40e_features.py'
custom_hooks = [
    dict(type='mmnoisy.CurriculumHook', stages=(7, 27, 34), restart=True),
    dict(type='mmnoisy.GroupPurityHook'),
]
