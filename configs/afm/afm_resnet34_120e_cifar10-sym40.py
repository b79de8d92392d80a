_base_ = '../ce/ce_resnet34_120e_cifar10-sym40.py'
model = dict(head=dict(type='mmnoisy.AttentionFeatureMixupHead'))
