# As linear_probe.py, with one hidden layer of 512.
_base_ = 'linear_probe.py'
model = dict(backbone=dict(hidden=[512]), head=dict(in_channels=512))
