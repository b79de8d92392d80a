_base_ = './forward_cnn3_60e_digits-sym40.py'
noise = dict(_delete_=True, kind='pairflip', rate=0.45)
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
