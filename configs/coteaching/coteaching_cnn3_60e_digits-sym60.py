_base_ = './coteaching_cnn3_60e_digits-sym40.py'
model = dict(forget_rate=dict(_delete_=True, rate=0.65, num_gradual=100, exponent=2.0))
noise = dict(_delete_=True, kind='symmetric', rate=0.6)
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
