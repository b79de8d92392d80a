# Your own images, see ../_base_/datasets/csv.py; `mmnoisy train` writes what these configs leave open.
_base_ = [
    '../_base_/models/resnet18_224px.py',
    '../_base_/datasets/csv.py',
    '../_base_/schedules/sgd_30e.py',
    '../_base_/default_runtime.py',
]
