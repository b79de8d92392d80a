# Your own images and masks, see ../_base_/datasets/mask-folder.py: a small U-Net with a robust loss. docs/segmentation.md has the
# lines by which a config of yours names the folder, the classes and the size; another network goes into model.backbone.
_base_ = [
    '../_base_/models/small_unet.py',
    '../_base_/datasets/mask-folder.py',
    '../_base_/schedules/adam_30e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(in_channels=3),
    head=dict(num_classes=len(_base_.classes), loss=dict(loss=dict(_delete_=True, type='mmnoisy.GCELoss', q=0.7))),
)
default_hooks = dict(summary=dict(type='mmnoisy.SegmentationSummaryHook'))
