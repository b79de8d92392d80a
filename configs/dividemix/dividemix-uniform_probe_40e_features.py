_base_ = './dividemix_probe_40e_features.py'
custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=5, selection='uniform')]
