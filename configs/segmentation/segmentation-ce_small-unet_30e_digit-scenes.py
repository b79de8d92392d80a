_base_ = [
    '../_base_/models/small_unet.py',
    '../_base_/datasets/digit-scenes.py',
    '../_base_/schedules/adam_30e.py',
    '../_base_/default_runtime.py',
]
default_hooks = dict(summary=dict(type='mmnoisy.SegmentationSummaryHook'))
