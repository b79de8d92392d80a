_base_ = '../ce/ce_cnn5_10e_cifar10n-10k.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.GCELoss', q=0.7)))
