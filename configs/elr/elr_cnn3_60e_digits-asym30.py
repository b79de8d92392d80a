_base_ = './elr_cnn3_60e_digits-sym40.py'
noise = dict(_delete_=True, kind='asymmetric', rate=0.3, mapping='mnist')
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
