_base_ = './dividemix_cnn3_60e_digits-sym40.py'
custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=10, selection='uniform')]
