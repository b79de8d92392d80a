_base_ = './m_correction_cnn3_60e_digits-sym40.py'
model = dict(step=dict(kind='soft'))
