_base_ = './coteaching_probe_40e_features.py'
model = dict(forget_rate=dict(rate='auto', num_gradual=5))
custom_hooks = [dict(type='mmnoisy.SelectionRecordHook'), dict(type='mmnoisy.ForgetRateHook', begin=3, factor=1.1)]
