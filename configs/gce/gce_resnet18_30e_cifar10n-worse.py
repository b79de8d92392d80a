_base_ = '../ce/ce_resnet18_30e_cifar10n-worse.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.GCELoss', q=0.7)))
