_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(type='mmnoisy.DISC')
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(), dict(padding=1, cutout=3)])
custom_hooks = [dict(type='mmnoisy.DISCHook', warmup_epochs=6, momentum=0.95)]
