_base_ = '../forward/forward_cnn3_60e_digits-sym40.py'
custom_hooks = [dict(type='mmnoisy.TransitionHook', estimator='hoc'), dict(type='mmnoisy.TransitionErrorHook')]
