_base_ = '../forward/forward_resnet34_120e_cifar10-sym40.py'
custom_hooks = [dict(type='mmnoisy.TransitionHook', estimator='hoc'), dict(type='mmnoisy.TransitionErrorHook')]
