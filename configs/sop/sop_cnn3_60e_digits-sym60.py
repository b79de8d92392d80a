_base_ = './sop_cnn3_60e_digits-sym40.py'
noise = dict(_delete_=True, kind='symmetric', rate=0.6)
train_dataloader = dict(dataset=dict(noise=noise))
val_dataloader = dict(dataset=dict(noise=noise))
