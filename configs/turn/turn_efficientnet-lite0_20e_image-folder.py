# Your own images, see ../_base_/datasets/image-folder.py: a linear probe on a pretrained network judges the labels, then the whole
# network is tuned on those that are believed, from the probe's weights. The network's weights come with mmnoisy[features].
_base_ = '../ce/ce_resnet18_30e_image-folder.py'
model = dict(
    backbone=dict(_delete_=True, type='mmnoisy.PretrainedBackbone', name='efficientnet_lite0'),
    neck=None,
    head=dict(in_channels=1280, loss=dict(_delete_=True, type='mmnoisy.GCELoss', q=0.7)),
)
# What the network was trained with.
data_preprocessor = dict(mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0])
optim_wrapper = dict(optimizer=dict(lr=0.002, weight_decay=1e-4))
param_scheduler = dict(_delete_=True, type='CosineAnnealingLR', T_max=20, end=20, by_epoch=True)
train_cfg = dict(max_epochs=20)
probe = {
    'model.backbone.frozen': True,
    'optim_wrapper.optimizer.lr': 0.1,
    'optim_wrapper.optimizer.weight_decay': 0.0,
    'train_cfg.max_epochs': 10,
    'param_scheduler': dict(type='CosineAnnealingLR', T_max=10, end=10, by_epoch=True),
    'custom_hooks': [
        dict(type='mmnoisy.LossMixtureHook', warmup_epochs=9, mixture='gmm', per_class=True, stamp=False),
    ],
}
stages = [
    dict(name='probe', options=probe),
    dict(name='tune', options={'load_from': '{probe:weights}', 'train_dataloader.dataset.keep': '{probe}/samples.csv'}),
]
del probe
