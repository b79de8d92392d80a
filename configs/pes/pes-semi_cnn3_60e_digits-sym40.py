_base_ = './pes_cnn3_60e_digits-sym40.py'
model = dict(
    type='mmnoisy.SemiSupervisedClassifier', step=dict(type='mmnoisy.MixMatchStep', lambda_u=5, ramp_epochs=16, alpha=4)
)
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(padding=1), dict()])
optim_wrapper = dict(optimizer=dict(lr=0.03))
custom_hooks = [dict(type='mmnoisy.PESHook', begin=6, parts=[dict(modules=['head'], epochs=5)], lr=1e-2, semi=True)]
