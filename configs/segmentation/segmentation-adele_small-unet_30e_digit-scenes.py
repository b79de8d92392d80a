_base_ = './segmentation-ce_small-unet_30e_digit-scenes.py'
custom_hooks = [
    # With 17 iterations an epoch the running statistics lag behind, and the sweep would be wrong about whole classes.
    dict(type='PreciseBNHook'),
    dict(type='mmnoisy.ADELEHook', change=0.8, confidence=0.5, again=True, scales=(1.0,)),
]
