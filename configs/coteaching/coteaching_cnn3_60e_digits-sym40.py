_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
# 1.25 times the noise rate, which Co-teaching's paper found better than the rate itself on MNIST.
model = dict(_delete_=True, type='mmnoisy.CoTeaching', network=_base_.model, forget_rate=0.5)
custom_hooks = [dict(type='mmnoisy.SelectionRecordHook')]
