_base_ = './dividemix-no-penalty_cnn3_60e_digits-asym30.py'
custom_hooks = [
    dict(type='mmnoisy.WarmupEntropyPenaltyHook', warmup_epochs=10),
    dict(type='mmnoisy.CoDivideHook', warmup_epochs=10),
]
