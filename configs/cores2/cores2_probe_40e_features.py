_base_ = '../ce/ce_probe_40e_features.py'
model = dict(
    head=dict(
        loss=dict(_delete_=True, type='mmnoisy.CORES2Loss', num_classes=10, beta=((4, 0.0), (16, 2.0)), sieve_begin=13)
    )
)
