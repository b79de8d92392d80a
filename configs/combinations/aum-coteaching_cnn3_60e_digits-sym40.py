_base_ = ['../coteaching/coteaching_cnn3_60e_digits-sym40.py', '../_base_/stages/aum_cnn3_10e.py']
# About 1 % of the labels that AUM leaves are still wrong (configs/aum/README.md).
model = dict(forget_rate=0.05)
