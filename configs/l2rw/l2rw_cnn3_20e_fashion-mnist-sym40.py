_base_ = '../ce/ce_cnn3_20e_fashion-mnist-sym40.py'
model = dict(type='mmnoisy.L2RW')
train_dataloader = dict(dataset=dict(trusted=dict(per_class=100)))
custom_hooks = [dict(type='mmnoisy.MetaSetHook', batch_size=128)]
