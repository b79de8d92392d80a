_base_ = [
    '../_base_/models/resnet34_cifar.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/schedules/sgd_200e_cosine.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=100, loss=dict(_delete_=True, type='mmnoisy.MAELoss')))
