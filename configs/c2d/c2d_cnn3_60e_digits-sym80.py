_base_ = ['../dividemix/dividemix_cnn3_60e_digits-sym80.py', '../_base_/stages/simclr_cnn3_60e.py']
# Pretrained networks tell right from wrong labels early.
custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=5, epoch_batches=30)]
