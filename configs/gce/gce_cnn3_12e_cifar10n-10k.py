_base_ = '../ce/ce_cnn3_12e_cifar10n-10k.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.GCELoss', q=0.7)))
