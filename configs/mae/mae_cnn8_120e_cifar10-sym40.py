_base_ = [
    '../_base_/models/cnn8.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_120e_cosine.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.MAELoss')))
