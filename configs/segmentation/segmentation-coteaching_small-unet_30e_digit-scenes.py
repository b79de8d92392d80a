_base_ = './segmentation-ce_small-unet_30e_digit-scenes.py'
model = dict(
    _delete_=True,
    type='mmnoisy.PixelCoTeaching',
    network={{_base_.model}},
    forget_rate=dict(rate=0.1, num_gradual=10),
    by_class=False,
)
