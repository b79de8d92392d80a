_base_ = ['../ce/ce_cnn3_60e_digits-sym40.py', '../_base_/stages/aum_cnn3_10e.py']
