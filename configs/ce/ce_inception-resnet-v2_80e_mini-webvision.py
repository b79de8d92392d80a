_base_ = [
    '../_base_/models/inception_resnet_v2_299px.py',
    '../_base_/datasets/mini-webvision.py',
    '../_base_/schedules/sgd_80e_step.py',
    '../_base_/default_runtime.py',
]
