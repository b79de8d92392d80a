"""Slips in the options of the package's parts are named, by their path in the config, before anything is built."""

import numpy as np
import pytest
from mmengine.config import Config

from mmnoisy.config import check_config
from mmnoisy.functional.noise import KINDS, noise_problems
from mmnoisy.part_options import options, part_problems
from mmnoisy.registry import DATASETS, HOOKS
from tests.helpers import ROOT

#: All kinds of parts; the configs of large data sets are made of the same.
CONFIGS = sorted([*(ROOT / 'configs').glob('*/*digits-sym40.py'), *(ROOT / 'configs').glob('*/*_csv.py')])


@pytest.mark.parametrize('folder', sorted({path.parent.name for path in CONFIGS}))
def test_configs_of_the_package_have_none(folder):
    for path in CONFIGS:
        if path.parent.name == folder:
            assert part_problems(Config.fromfile(path)) == [], path.name


def hook(**config):
    return {'custom_hooks': [dict(type='EMAHook', nothing=1), config]}


def loss(**config):
    return {'model.head.loss': dict(_delete_=True, **config)}


@pytest.mark.parametrize(
    'entries, message',
    [
        (
            hook(type='mmnoisy.DISCHook', warmup_epoch=1),
            "custom_hooks[1]: mmnoisy.DISCHook has no option 'warmup_epoch'; the nearest is 'warmup_epochs'. It has warmup",
        ),
        (hook(type='mmnoisy.DISCHook', warmup_epoch=1), 'custom_hooks[1]: mmnoisy.DISCHook needs warmup_epochs.'),
        (
            hook(type='mmnoisy.AUMHook', files='a.csv'),
            "custom_hooks[1]: mmnoisy.AUMHook has no option 'files'; the nea",
        ),
        (
            hook(type='mmnoisy.DISCHok'),
            "custom_hooks[1]: there is no hook mmnoisy.DISCHok; the nearest is 'mmnoisy.DISCHook'.",
        ),
        (
            {'default_hooks.summary.intervall': 3},
            "default_hooks.summary: mmnoisy.SummaryHook has no option 'intervall'; the nearest is 'interval'.",
        ),
        (
            loss(type='mmnoisy.GCELoss', qq=0.5),
            "model.head.loss: mmnoisy.GCELoss has no option 'qq'; the nearest is 'q'. It has q, ",
        ),
        (loss(type='mmnoisy.GCE'), "model.head.loss: there is no model mmnoisy.GCE; the nearest is 'mmnoisy."),
        (loss(type='mmnoisy.ELRLoss'), 'model.head.loss: mmnoisy.ELRLoss needs num_classes.'),
        (loss(type='GCELoss'), "model.head.loss: GCELoss is a part of this package: write 'mmnoisy.GCELoss'."),
        (
            loss(type='mmnoisy.SumLoss', terms=[dict(type='mmnoisy.L1Penalty', wieght=1)]),
            "model.head.loss.terms[0]: mmnoisy.L1Penalty has no option 'wieght'; the nearest is 'weight'.",
        ),
        (
            {'model.backbone.chanels': 3},
            "model.backbone: mmnoisy.CNN3 has no option 'chanels'; the nearest is 'channels'",
        ),
        (
            {'train_dataloader.dataset.hold_out': 0.1},
            "train_dataloader.dataset: mmnoisy.LabelNoise has no option 'hold_out'; the nearest is 'holdout'.",
        ),
        (
            {'train_dataloader.dataset.noise': dict(kind='symetric', rate=0.4, _delete_=True)},
            "train_dataloader.dataset: noise: unknown kind 'symetric'; the nearest is 'symmetric'. Known kinds: ",
        ),
        (
            {'val_dataloader.dataset.noise': dict(kind='instance', rate=0.4, pixel='standardised', _delete_=True)},
            "val_dataloader.dataset: noise: kind 'instance' has no option 'pixel'; the nearest is 'pixels'. It has rate, ",
        ),
        (
            {'train_dataloader.dataset.noise': dict(kind='pairflip', _delete_=True)},
            "train_dataloader.dataset: noise: kind 'pairflip' needs the option 'rate'.",
        ),
        (
            {'train_cfg.max_epoch': 3},
            "train_cfg has no option 'max_epoch'; the nearest is 'max_epochs'. It has max_epochs, ",
        ),
        ({'val_cfg.fp61': True}, "val_cfg has no option 'fp61'; the nearest is 'fp16'. It has fp16"),
        (
            {'train_cfg': dict(type='EpochBasedTrainLop', max_epochs=3, _delete_=True)},
            "train_cfg: there is no loop EpochBasedTrainLop; the nearest is 'EpochBasedTrainLoop'.",
        ),
        (
            {'val_dataloader.dataset.source.splits': 'train'},
            "val_dataloader.dataset.source: mmnoisy.Digits has no option 'splits'; the nearest is 'split'.",
        ),
        (
            {'train_dataloader.dataset.source.type': 'mmnoisy.Digit'},
            "train_dataloader.dataset.source: there is no data set mmnoisy.Digit; the nearest is 'mmnoisy.Digits'.",
        ),
        (
            {'train_dataloader.dataset.pipeline': [dict(type='mmnoisy.LoadImge')]},
            "train_dataloader.dataset.pipeline[0]: there is no transform mmnoisy.LoadImge; the nearest is 'mmnoisy.LoadIm",
        ),
    ],
)
def test_slips(entries, message):
    cfg = Config.fromfile(ROOT / 'configs/ce/ce_cnn3_60e_digits-sym40.py')
    cfg.merge_from_dict(entries)
    with pytest.raises(SystemExit) as refused:
        check_config(cfg)
    assert message in str(refused.value) and 'EMAHook' not in str(refused.value)


def test_options_of_the_bases_are_options():
    found = options(HOOKS.get('mmnoisy.DISCHook'))
    assert found['warmup_epochs'] and not found['file'] and 'kwargs' not in found


def test_what_takes_anything_is_not_judged():
    class Open:
        def __init__(self, needed, **kwargs):
            pass

    assert options(Open) == {'needed': True, '**': False}


#: All options of each kind of noise.
NOISES = [
    dict(kind='symmetric', rate=0.4, inclusive=True, exact=False),
    dict(kind='pairflip', rate=0.4, exact=True),
    dict(kind='asymmetric', rate=0.4, mapping={0: 1}, exact=True),
    dict(kind='asymmetric', matrix=np.eye(10).tolist(), exact=True),
    dict(kind='instance', rate=0.4, std=0.2, image_size=8, pixels='raw'),
    dict(kind='label_file', path='labels.npy', key='noisy'),
]


@pytest.mark.parametrize('noise', NOISES, ids=lambda noise: noise['kind'])
def test_the_options_of_a_noise_are_those_that_are_read(noise, tmp_path):
    assert {one['kind'] for one in NOISES} == set(KINDS) and noise_problems(noise) == []
    dataset = dict(type='mmnoisy.LabelNoise', source=dict(type='mmnoisy.Digits', split='train'))
    if noise['kind'] == 'label_file':
        with pytest.raises((ValueError, OSError), match='labels.npy'):
            DATASETS.build(dict(dataset, noise=noise))
    else:
        DATASETS.build(dict(dataset, noise=noise))
    with pytest.raises(ValueError, match="has no option 'nothing'. It has "):
        DATASETS.build(dict(dataset, noise=dict(noise, nothing=1)))
