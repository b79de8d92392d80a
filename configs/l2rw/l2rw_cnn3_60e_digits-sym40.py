_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(type='mmnoisy.L2RW')
train_dataloader = dict(dataset=dict(trusted=dict(per_class=10)))
custom_hooks = [dict(type='mmnoisy.MetaSetHook', batch_size=64)]
