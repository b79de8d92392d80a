_base_ = './dividemix_cnn3_60e_digits-sym40.py'
noise = dict(_delete_=True, kind='symmetric', rate=0.8)
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
# One pass over the few labels that are believed is too short an epoch.
custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=10, epoch_batches=30)]
