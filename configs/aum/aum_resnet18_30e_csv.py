_base_ = ['../ce/ce_resnet18_30e_csv.py', '../_base_/stages/aum_resnet18_10e.py']
