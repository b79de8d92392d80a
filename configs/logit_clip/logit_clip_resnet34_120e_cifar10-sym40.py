_base_ = '../ce/ce_resnet34_120e_cifar10-sym40.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.LogitClipLoss', threshold=1.0)))
