_base_ = ['../dividemix/dividemix_cnn3_60e_digits-sym80.py', '../_base_/stages/simclr_cnn3_60e.py']
