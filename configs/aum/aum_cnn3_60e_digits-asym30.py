_base_ = 'aum_cnn3_60e_digits-sym40.py'
label_noise = dict(noise=dict(kind='asymmetric', rate=0.3, mapping='mnist'))
train_dataloader = dict(dataset=label_noise)
val_dataloader = dict(dataset=label_noise)
