_base_ = [
    '../_base_/models/cnn3.py',
    '../_base_/datasets/fashion-mnist.py',
    '../_base_/schedules/sgd_20e.py',
    '../_base_/small_data_runtime.py',
]
