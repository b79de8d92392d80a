_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(
    head=dict(
        loss=dict(
            _delete_=True, type='mmnoisy.PENCILLoss', num_classes=10, stages=(5, 40), alpha=0.1, beta=0.1, label_lr=15
        )
    )
)
custom_hooks = [dict(type='mmnoisy.LossStateHook'), dict(type='mmnoisy.LabelDistributionHook')]
