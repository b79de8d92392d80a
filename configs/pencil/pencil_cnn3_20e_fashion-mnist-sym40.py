_base_ = '../ce/ce_cnn3_20e_fashion-mnist-sym40.py'
model = dict(
    head=dict(
        loss=dict(
            _delete_=True, type='mmnoisy.PENCILLoss', num_classes=10, stages=(2, 14), alpha=0.1, beta=0.1, label_lr=30
        )
    )
)
custom_hooks = [dict(type='mmnoisy.LossStateHook'), dict(type='mmnoisy.LabelDistributionHook')]
