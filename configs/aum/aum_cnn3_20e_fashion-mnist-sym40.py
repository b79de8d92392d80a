_base_ = ['../ce/ce_cnn3_20e_fashion-mnist-sym40.py', '../_base_/stages/aum_cnn3_10e.py']
