"""Recipes of several stages, end to end: two iterations a stage, on files made for the test."""

import csv
import json

import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS
from PIL import Image

from mmnoisy import stages
from mmnoisy.models.backbones import build_backbone
from tests.helpers import CONFIGS, clear_globals

#: A network that takes images of any size, in place of those that need weights or time.
SMALL = dict(_delete_=True, type='mmnoisy.CNN3', in_channels=3, channels=(4, 4, 8))


def run(tmp_path, base, changes):
    """Run a recipe with changes of it; the folder of the results."""
    recipe = tmp_path / 'recipe.py'
    recipe.write_text(f'_base_ = {str(CONFIGS / base)!r}\n{changes}')
    clear_globals()
    stages.main([str(recipe), '--work-dir', str(tmp_path / 'out')])
    return tmp_path / 'out'


def two_iterations(extra=''):
    """Text of a config: every training stage lasts one epoch; the data decide that it has two batches."""
    return f"""
stages = _base_.stages
for stage in stages:
    if 'options' in stage and 'train_cfg.max_epochs' in stage['options']:
        stage['options']['train_cfg.max_epochs'] = 1
{extra}
del stage
"""


def photo(path, rng):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rng.integers(0, 255, (40, 48, 3), dtype=np.uint8)).save(path)


def weights(folder):
    return torch.load(next(folder.glob('epoch_*.pth')), map_location='cpu', weights_only=True)['state_dict']


def flagged(folder):
    with (folder / 'samples.csv').open(newline='') as file:
        return {row['source_idx'] for row in csv.DictReader(file) if row['is_issue'] == '1'}


@pytest.fixture
def webvision(tmp_path):
    """WebVision's format, 3 classes: 24 images found, 3 to validate."""
    rng, root = np.random.default_rng(0), tmp_path / 'webvision'
    (root / 'info').mkdir(parents=True)
    train = [f'google/q{i:04d}/{i} photo.jpg {i % 3}' for i in range(24)]
    val = [f'val{i:06d}.jpg {i}' for i in range(3)]
    (root / 'info/train_filelist_google.txt').write_text('\n'.join(train) + '\n')
    (root / 'info/val_filelist.txt').write_text('\n'.join(val) + '\n')
    for line in train:
        photo(root / line.rsplit(' ', 1)[0], rng)
    for line in val:
        photo(root / 'val_images_256' / line.rsplit(' ', 1)[0], rng)
    return root


def test_the_webvision_way(webvision, tmp_path):
    changes = f"""
source = dict(data_root={str(webvision)!r}, num_classes=3)
data = dict(dataset=dict(source=source, holdout=0.13))
small = dict(backbone={SMALL!r}, neck=None)
model = dict(head=dict(num_classes=3, in_channels=8), **small)
data_preprocessor = dict(num_classes=3)
num_workers = dict(num_workers=0, persistent_workers=False, pin_memory=False)
train_dataloader = dict(batch_size=10, **num_workers, **data)
val_dataloader = dict(**num_workers, **data)
test_dataloader = dict(dataset=source, **num_workers)
val_evaluator = dict(topk=(1,))
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=3)
log_level = 'WARNING'
randomness = dict(seed=2)
custom_hooks = [dict(type='mmnoisy.CurriculumHook', stages=(0, 1, 2))]
{
        two_iterations('''
    if 'options' in stage and 'model.head.num_classes' in stage['options']:
        stage['options']['model.head.num_classes'] = 4
        stage['options']['custom_hooks'] = [dict(type='mmnoisy.AUMHook', threshold_class=True, percentile=0)]
''')
    }"""
    out = run(tmp_path, 'webvision_challenge/webvision_challenge_inception-resnet-v2_80e_mini-webvision.py', changes)
    names = ['0_measure0', '1_measure1', '2_clean', '3_train']
    assert sorted(folder.name for folder in out.iterdir() if folder.is_dir()) == names
    config = next((out / '3_train').glob('*.py')).read_text()
    assert 'scale=299' in config and 'crop_size=299' in config
    dropped = flagged(out / '2_clean')
    assert dropped
    with (out / '2_clean' / 'samples.csv').open(newline='') as file:
        kept = len(list(csv.DictReader(file))) - len(dropped)
    record = torch.load(next((out / '3_train').glob('epoch_*.pth')), weights_only=True)['sample_record']
    assert len(record['CurriculumHook']['columns']['group']) == kept > 0
    summary = json.loads((out / 'summary.json').read_text())
    assert 0 <= summary['test_accuracy_last'] <= 100 and set(summary['stages']) >= {'measure0', 'clean', 'train'}


@pytest.fixture
def folders(tmp_path):
    rng, root = np.random.default_rng(0), tmp_path / 'images'
    for part, count in (('train', 9), ('test', 2)):
        for name in ('cat', 'dog'):
            for i in range(count):
                photo(root / part / name / f'{i}.png', rng)
    return root


TURN = """
data = dict(source=dict(data_root={root!r}), holdout=0.2)
load = dict(type='mmnoisy.LoadImage')
pipeline = [load, dict(type='Resize', scale=(32, 32)), dict(type='PackInputs')]
num_workers = dict(num_workers=0, persistent_workers=False, pin_memory=False)
model = dict(backbone=dict(weights=False), head=dict(num_classes=2))
data_preprocessor = dict(num_classes=2)
train_dataloader = dict(batch_size=7, dataset=dict(pipeline=pipeline, **data), **num_workers)
val_dataloader = dict(dataset=dict(pipeline=pipeline, **data), **num_workers)
test_dataloader = dict(dataset=dict(data_root={root!r}, pipeline=pipeline), **num_workers)
train_cfg = dict(max_epochs=1)
log_level = 'WARNING'
"""


def test_probe_and_tune(folders, tmp_path):
    pytest.importorskip('efficientnet_lite_pytorch')
    hook = "dict(type='mmnoisy.LossMixtureHook', warmup_epochs=1, mixture='gmm', per_class=True, stamp=False)"
    extra = f"""
    if stage['name'] == 'probe':
        stage['options'].update({{'train_cfg.max_epochs': 2, 'custom_hooks': [{hook}]}})
"""
    changes = TURN.format(root=str(folders)) + two_iterations(extra)
    out = run(tmp_path, 'turn/turn_efficientnet-lite0_20e_image-folder.py', changes)
    probe, tuned = weights(out / '0_probe'), weights(out / '1_tune')
    assert flagged(out / '0_probe') is not None and json.loads((out / 'summary.json').read_text())['epochs'] == 1
    # BatchNorm's statistics of the probe are those of a network that saw nothing; tuning changes all of it.
    fresh = build_backbone(weights=False).state_dict()
    means = [key for key in fresh if key.endswith('running_mean')]
    assert all(torch.equal(probe[f'backbone.{key}'], fresh[key]) for key in means)
    assert not any(torch.equal(tuned[f'backbone.{key}'], fresh[key]) for key in means)
    change = tuned['backbone.net.conv_stem.weight'] - probe['backbone.net.conv_stem.weight']
    assert 0 < change.abs().max() < 0.1


DIGITS = """
label_noise = dict(source=dict(indices=160))
train_dataloader = dict(batch_size=64, dataset=label_noise)
val_dataloader = dict(dataset=label_noise)
train_cfg = dict(max_epochs=2)
custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=1)]
log_level = 'WARNING'
"""


def test_c2d(tmp_path, monkeypatch):
    started = {}
    train = stages.train

    def watch(cfg, folder, noise=None):
        train(cfg, folder, noise)
        started[folder.name] = cfg

    monkeypatch.setattr(stages, 'train', watch)
    small = "    if stage['name'] == 'pretrain':\n        stage['options']['train_dataloader.batch_size'] = 64\n"
    out = run(tmp_path, 'c2d/c2d_cnn3_60e_digits-sym80.py', DIGITS + two_iterations(small))
    assert list(started) == ['0_pretrain', '1_train']
    pretrained = weights(out / '0_pretrain')
    assert any(name.startswith('neck.') for name in pretrained)
    # Both networks of the second stage begin with what the first has learnt.
    model = MODELS.build(dict(data_preprocessor=started['1_train'].data_preprocessor, **started['1_train'].model))
    model.init_weights()
    for net in (model.net1, model.net2):
        for name, value in net.backbone.state_dict().items():
            assert torch.equal(value, pretrained[f'backbone.{name}']), name
    assert not torch.equal(model.net1.head.fc.weight, model.net2.head.fc.weight)
    assert json.loads((out / 'summary.json').read_text())['test_accuracy_last'] > 0


def test_distillation(tmp_path):
    changes = DIGITS + two_iterations()
    out = run(tmp_path, 'distillation/distillation_cnn3_60e_digits-sym40.py', changes)
    teacher, student = weights(out / '0_teacher'), weights(out / '1_student')
    assert any(name.startswith('net2.') for name in teacher)
    assert not any(name.startswith('net') for name in student)
    assert student['head.fc.weight'].shape == (10, 64)
