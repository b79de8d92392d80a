_base_ = '../forward/forward_cnn3_60e_digits-sym40.py'
model = dict(_delete_=True, type='mmnoisy.CoTeaching', network=_base_.model, forget_rate=0.2)
# The ramp of the forget rate would be over before a second training.
custom_hooks = [dict(type='mmnoisy.TransitionHook', restart=False), dict(type='mmnoisy.TransitionErrorHook')]
