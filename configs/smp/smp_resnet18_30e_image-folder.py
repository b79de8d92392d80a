# Your own class folders: which labels look wrong, and what they should be (samples.csv). Options as in
# ../gce/gce_resnet18_30e_image-folder.py.
_base_ = '../gce/gce_resnet18_30e_image-folder.py'
model = dict(head=dict(loss=dict(_delete_=True, type='CrossEntropyLoss')))
custom_hooks = [dict(type='mmnoisy.PrototypeHook', warmup_epochs=5, rank='auto', dense_share='auto')]
