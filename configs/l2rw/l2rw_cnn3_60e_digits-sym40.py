_base_ = '../meta_weight_net/meta_weight_net_cnn3_60e_digits-sym40.py'
model = dict(type='mmnoisy.L2RW')
