_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(type='mmnoisy.ILL')
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(), dict(padding=1, cutout=3)])
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'noise': dict(lr_mult=0.1, decay_mult=0.0)}))
