_base_ = './noise_adaptation_cnn3_60e_digits-sym40.py'
label_noise = dict(noise=dict(kind='pairflip', rate=0.45))
train_dataloader = dict(dataset=label_noise)
val_dataloader = dict(dataset=label_noise)
