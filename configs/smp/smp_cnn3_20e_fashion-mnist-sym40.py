_base_ = '../ce/ce_cnn3_20e_fashion-mnist-sym40.py'
custom_hooks = [
    dict(type='mmnoisy.PrototypeHook', warmup_epochs=4, rank=0.75, dense_share=0.3),
    dict(type='mmnoisy.GroupPurityHook'),
]
