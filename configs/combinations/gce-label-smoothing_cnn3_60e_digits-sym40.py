_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
model = dict(
    head=dict(
        loss=dict(
            _delete_=True,
            type='mmnoisy.SumLoss',
            terms=[
                dict(loss=dict(type='mmnoisy.GCELoss', q=0.7)),
                dict(loss=dict(type='LabelSmoothLoss', label_smooth_val=0.4, num_classes=10, loss_weight=0.1)),
            ],
        )
    )
)
