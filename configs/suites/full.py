# Full track: networks from scratch on all photos of CIFAR-10, with the errors that people made. For a GPU: mixed precision is on.
# Photos: --path photos=FOLDER with train_a.npz and train_b.npz of 25,000 photos each, test.npz and labels.npz (see
# configs/_base_/datasets/cifar10n.py). On a CPU: the suite full_tiny.
name = 'full'
title = 'Full track: ResNet-18 on all photos of CIFAR-10'
note = """
All 50,000 photos of CIFAR-10 with the errors that people made (CIFAR-10N `worse_label`, 10 % of them held out with their noisy
labels), the 10,000 test photos, 30 epochs from scratch, batch 128, random crops and flips, mixed precision (bfloat16). ResNet-18,
SGD with learning rate 0.05; SSR and DivideMix have their papers' PreAct-ResNet-18 and learning rate 0.02. No setting was tuned.
"""
data = 'cifar10n'
paths = dict(photos='data/cifar10n')
seeds = [0, 1, 2]
files = ['train_a.npz', 'train_b.npz']
options = {
    'train_dataloader.dataset.source.files': files,
    'val_dataloader.dataset.source.files': files,
    'optim_wrapper.type': 'AmpOptimWrapper',
    'optim_wrapper.dtype': 'bfloat16',
    # bfloat16 has the range of float32.
    'optim_wrapper.loss_scale': 1.0,
}
noises = dict(worse_label=dict(label='worse_label'))
methods = dict(
    ce=dict(config='ce/ce_resnet18_30e_cifar10n-worse', role='ce', title='CE'),
    gce=dict(config='gce/gce_resnet18_30e_cifar10n-worse', title='GCE'),
    elr=dict(config='elr/elr_resnet18_30e_cifar10n-worse', title='ELR'),
    coteaching=dict(
        config='coteaching/coteaching-auto_resnet18_30e_cifar10n-worse', title='Co-teaching (estimated rate)'
    ),
    ssr=dict(config='ssr/ssr_preact-resnet18_30e_cifar10n-worse', title='SSR'),
    dividemix=dict(config='dividemix/dividemix_preact-resnet18_30e_cifar10n-worse', title='DivideMix'),
    mixup_ema=dict(config='mixup/mixup-ema_resnet18_30e_cifar10n-worse', role='ce_mixup_ema', title='CE + mixup + EMA'),
    ceiling=dict(
        config='ce/ce_resnet18_30e_cifar10n-worse', role='ceiling', title='CE on the right labels only (ceiling)'
    ),
)
del files
