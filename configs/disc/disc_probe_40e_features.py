# The views are random crops that the bank keeps: make it with views=3.
_base_ = '../ce/ce_probe_40e_features.py'
model = dict(type='mmnoisy.DISC')
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(cached='random'), dict(cached='random')])
train_dataloader = dict(dataset=dict(source=dict(views=3)))
val_dataloader = dict(dataset=dict(source=dict(views=3)))
optim_wrapper = dict(optimizer=dict(lr=0.005))
custom_hooks = [dict(type='mmnoisy.DISCHook', warmup_epochs=4, momentum=0.95)]
