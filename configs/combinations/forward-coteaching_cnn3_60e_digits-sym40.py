_base_ = '../forward/forward_cnn3_60e_digits-sym40.py'
model = dict(_delete_=True, type='mmnoisy.CoTeaching', network=_base_.model, forget_rate=0.2)
