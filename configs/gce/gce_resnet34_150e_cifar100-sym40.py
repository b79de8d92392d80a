_base_ = '../ce/ce_resnet34_150e_cifar100-sym40.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.GCELoss', q=0.7)))
