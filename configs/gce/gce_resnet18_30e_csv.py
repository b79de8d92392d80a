# Your own images in a CSV file, see ../_base_/datasets/csv.py. Options as in gce_resnet18_30e_image-folder.py.
_base_ = [
    '../_base_/models/resnet18_224px.py',
    '../_base_/datasets/csv.py',
    '../_base_/schedules/sgd_30e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.GCELoss', q=0.7)))
