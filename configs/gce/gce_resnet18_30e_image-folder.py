# Your own class folders, see ../_base_/datasets/image-folder.py:
#   python tools/train.py configs/gce/gce_resnet18_30e_image-folder.py --cfg-options \
#     train_dataloader.dataset.source.data_root=D val_dataloader.dataset.source.data_root=D \
#     test_dataloader.dataset.data_root=D model.head.num_classes=K data_preprocessor.num_classes=K
# Without test images: test_dataloader=None test_evaluator=None test_cfg=None.
_base_ = [
    '../_base_/models/resnet18_224px.py',
    '../_base_/datasets/image-folder.py',
    '../_base_/schedules/sgd_30e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.GCELoss', q=0.7)))
