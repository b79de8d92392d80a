_base_ = '../ce/ce_probe_40e_features.py'
model = dict(
    head=dict(
        loss=dict(
            _delete_=True, type='mmnoisy.PENCILLoss', num_classes=10, stages=(5, 27), alpha=0.1, beta=0.1, label_lr=15
        )
    )
)
custom_hooks = [dict(type='mmnoisy.LossStateHook'), dict(type='mmnoisy.LabelDistributionHook')]
