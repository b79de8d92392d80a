_base_ = './coteaching_cnn3_60e_digits-sym40.py'
model = dict(forget_rate='auto')
custom_hooks = [dict(type='mmnoisy.SelectionRecordHook'), dict(type='mmnoisy.ForgetRateHook', factor=1.25)]
