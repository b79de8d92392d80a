_base_ = '../ce/ce_cnn3_20e_fashion-mnist-sym40.py'
custom_hooks = [dict(type='mmnoisy.WarmupEntropyPenaltyHook', warmup_epochs=5)]
