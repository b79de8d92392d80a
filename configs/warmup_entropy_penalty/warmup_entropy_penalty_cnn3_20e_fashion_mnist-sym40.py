_base_ = '../ce/ce_cnn3_20e_fashion_mnist-sym40.py'
custom_hooks = [dict(type='mmnoisy.WarmupEntropyPenaltyHook', warmup_epochs=5)]
