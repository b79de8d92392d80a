_base_ = '../sop/sop_cnn3_20e_fashion-mnist-sym40.py'
model = dict(type='mmnoisy.ConsistencyClassifier', consistency_weight=0.9, balance_weight=0.1)
data_preprocessor = dict(type='mmnoisy.MultiViewDataPreprocessor', views=[dict(), dict(padding=2, flip=0.5, cutout=8)])
