_base_ = '../ce/ce_resnet34_120e_cifar10-sym40.py'
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.ForwardCorrectionLoss', num_classes=10)))
custom_hooks = [dict(type='mmnoisy.TransitionHook'), dict(type='mmnoisy.TransitionErrorHook')]
