_base_ = [
    '../_base_/models/cnn3.py',
    '../_base_/datasets/digits.py',
    '../_base_/schedules/sgd_60e.py',
    '../_base_/small_data_runtime.py',
]
