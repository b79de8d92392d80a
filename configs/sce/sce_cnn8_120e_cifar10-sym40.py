_base_ = [
    '../_base_/models/cnn8.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_120e_step.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.SCELoss', alpha=0.1, beta=1.0)))
# The official code has an L2 penalty of 0.01 * |w|^2 on the weights of the fully connected layer alone (a weight decay of
# 0.02), and Keras's decay of the learning rate by iteration beside the two drops.
optim_wrapper = dict(
    optimizer=dict(weight_decay=0.02),
    paramwise_cfg=dict(
        custom_keys={'backbone.layers': dict(decay_mult=0.0), 'head': dict(decay_mult=0.0)},
        norm_decay_mult=0.0,
        bias_decay_mult=0.0,
    ),
)
param_scheduler = [
    dict(type='MultiStepLR', milestones=[40, 80], gamma=0.1, by_epoch=True),
    dict(type='mmnoisy.InverseTimeLR', decay=1e-4, by_epoch=False),
]
