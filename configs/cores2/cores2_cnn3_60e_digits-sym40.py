_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(
    head=dict(
        loss=dict(_delete_=True, type='mmnoisy.CORES2Loss', num_classes=10, beta=((2, 0.0), (8, 2.0)), sieve_begin=8)
    )
)
