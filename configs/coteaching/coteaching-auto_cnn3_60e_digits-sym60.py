_base_ = './coteaching_cnn3_60e_digits-sym60.py'
model = dict(forget_rate=dict(rate='auto'))
custom_hooks = [dict(type='mmnoisy.SelectionRecordHook'), dict(type='mmnoisy.ForgetRateHook', factor=1.1)]
