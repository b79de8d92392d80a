_base_ = '../coteaching/coteaching_cnn3_60e_digits-sym40.py'
# GCE learns more slowly than cross entropy: with the base's ten epochs of growth two classes are forgotten for good.
model = dict(
    forget_rate=dict(_delete_=True, rate=0.5, num_gradual=30),
    network=dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.GCELoss', q=0.7))),
)
