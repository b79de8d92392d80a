_base_ = ['../dividemix/dividemix_cnn3_60e_digits-sym40.py', '../_base_/stages/aum_cnn3_10e.py']
# AUM's networks see one view.
stages = _base_.stages
stages[0]['options']['data_preprocessor.views'] = []
stages[1]['options']['data_preprocessor.views'] = []
