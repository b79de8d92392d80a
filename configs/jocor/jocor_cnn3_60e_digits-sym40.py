_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
# 1.25 times the noise rate, which Co-teaching's paper found better than the rate itself on MNIST.
model = dict(
    _delete_=True, type='mmnoisy.JoCoR', network=_base_.model, forget_rate=dict(rate=0.5, num_gradual=20), agreement=0.9
)
# lambda leaves a tenth of the cross entropy.
optim_wrapper = dict(optimizer=dict(lr=0.1))
custom_hooks = [dict(type='mmnoisy.SelectionRecordHook')]
