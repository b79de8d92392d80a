_base_ = '../ce/ce_resnet34_120e_cifar10-sym40.py'
model = dict(penalties=[dict(type='mmnoisy.L1Penalty', weight=5e-5)])
optim_wrapper = dict(optimizer=dict(weight_decay=0.0))
