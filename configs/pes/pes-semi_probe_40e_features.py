# The views are random crops that the bank keeps: make it with views=3.
_base_ = './pes_probe_40e_features.py'
model = dict(
    type='mmnoisy.SemiSupervisedClassifier', step=dict(type='mmnoisy.MixMatchStep', lambda_u=5, ramp_epochs=16, alpha=4)
)
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(cached='random'), dict(cached='random')])
train_dataloader = dict(dataset=dict(source=dict(views=3)))
val_dataloader = dict(dataset=dict(source=dict(views=3)))
custom_hooks = [dict(type='mmnoisy.PESHook', begin=4, parts=[dict(modules=['head'], epochs=5)], lr=1e-4, semi=True)]
