# CIFAR-10 with the labels that people gave (CIFAR-10N, https://arxiv.org/abs/2110.12088), in npz files: train.npz and
# test.npz hold `files` and `offset` (see mmnoisy.PackedImages), labels.npz the columns clean_label, worse_label and
# test_label. Its images are those of cifar10.py, in the same order.
_base_ = 'cifar10.py'
classes = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']
packed = dict(
    _delete_=True, type='mmnoisy.PackedImages', data_root='data/cifar10n', label_file='labels.npz', classes=classes
)
source = dict(files='train.npz', label='worse_label', clean_label='clean_label', **packed)
train_dataloader = dict(dataset=dict(source=source, noise=None))
val_dataloader = dict(dataset=dict(source=source, noise=None))
test_dataloader = dict(
    dataset=dict(files='test.npz', label='test_label', pipeline={{_base_.test_pipeline}}, test_mode=True, **packed)
)
del packed
