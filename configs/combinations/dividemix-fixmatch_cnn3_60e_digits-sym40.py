_base_ = '../dividemix/dividemix_cnn3_60e_digits-sym40.py'
model = dict(step=dict(_delete_=True, type='mmnoisy.FixMatchStep', lambda_u=1, confidence=0.95))
data_preprocessor = dict(views=[dict(), dict(padding=1, cutout=3)])
