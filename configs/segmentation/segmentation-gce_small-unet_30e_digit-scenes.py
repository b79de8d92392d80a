_base_ = './segmentation-ce_small-unet_30e_digit-scenes.py'
model = dict(head=dict(loss=dict(loss=dict(_delete_=True, type='mmnoisy.GCELoss', q=0.7))))
