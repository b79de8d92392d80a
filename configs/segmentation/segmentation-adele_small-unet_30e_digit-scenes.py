_base_ = './segmentation-ce_small-unet_30e_digit-scenes.py'
custom_hooks = [dict(type='mmnoisy.ADELEHook', confidence=0.7, scales=(0.9, 1.0, 1.1))]
