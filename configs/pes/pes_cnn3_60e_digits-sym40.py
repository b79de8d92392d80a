_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'
train_dataloader = dict(sampler=dict(type='mmnoisy.StreamSampler'))
custom_hooks = [
    dict(
        type='mmnoisy.PESHook',
        begin=6,
        parts=[
            dict(modules=['backbone.layers.8', 'backbone.layers.9', 'head'], epochs=7),
            dict(modules=['head'], epochs=5),
        ],
        lr=1e-3,
    )
]
