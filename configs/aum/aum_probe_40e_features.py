_base_ = ['../ce/ce_probe_40e_features.py', '../_base_/stages/aum_probe_10e.py']
