"""Every config file: its name, its rules, its listing, and one training and one test step on random images.

Of configs that differ in their noise alone, one takes the steps (:func:`steps_key`); the noise of each is made.
A later method needs nothing here. A data set that is new to the configs gets a line in ``SOURCES``, a backbone that is
slow on a CPU one in ``NARROW``.
"""

import json
import re

import numpy as np
import pytest
import torch
import yaml
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS, DefaultScope
from mmengine.runner import Runner
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import HOOKS, MODELS
from PIL import Image

from mmnoisy.config import label_noises
from mmnoisy.models.classifiers.meta_reweighting import MetaReweighting
from mmnoisy.registry import DATASETS
from tests.helpers import CONFIGS, ROOT

#: Data set in a config -> shape of a raw image, number of classes.
SOURCES = {
    'mmnoisy.Digits': ((8, 8), 10),
    'mmnoisy.FashionMNIST': ((28, 28), 10),
    'CIFAR10': ((32, 32, 3), 10),
    'CIFAR100': ((32, 32, 3), 100),
    'mmnoisy.ImageFolder': ((64, 64, 3), 10),
    'mmnoisy.CSVDataset': ((64, 64, 3), 10),
    'mmnoisy.Clothing1M': ((64, 64, 3), 14),
    'mmnoisy.MiniWebVision': ((64, 64, 3), 50),
    'mmnoisy.Animal10N': ((64, 64, 3), 10),
    'mmnoisy.FeatureBank': ((1, 1, 1280), 10),
    'mmnoisy.PackedImages': ((32, 32, 3), 10),
    'mmnoisy.MaskFolder': ((128, 128, 3), 2),
}
#: Data set -> its split with checked labels, where that is not called 'test'.
TEST_SPLITS = {'mmnoisy.Clothing1M': 'clean_test', 'mmnoisy.MiniWebVision': 'val'}
#: Backbone -> its arguments that are widths, with their defaults: they and the features are divided by 16.
NARROW = dict.fromkeys(('ResNet', 'ResNet_CIFAR'), dict(stem_channels=64, base_channels=64))
NARROW['mmnoisy.PreActResNet'] = dict(width=64)
NARROW['mmnoisy.CNN8'] = dict(channels=(64, 128, 196), out_channels=256)
NARROW['mmnoisy.CNN9'] = dict(width=128)
#: Backbone without such arguments, or of a package that may be missing -> a quick one, and its output channels.
STAND_INS = {
    'VGG': (dict(type='VGG', depth=11, norm_cfg=dict(type='BN')), 512),
    'mmnoisy.PretrainedBackbone': (dict(type='mmnoisy.CNN3', in_channels=3, channels=(4, 4, 32)), 32),
    'TIMMBackbone': (dict(type='ResNet', depth=18, stem_channels=4, base_channels=4), 32),
}

FILES = sorted(path for path in CONFIGS.rglob('*.py') if not {'_base_', 'suites', 'spaces'} & set(path.parts))


@DATASETS.register_module()
class RandomImages(BaseDataset):
    """Stands in for a data set that is not on this machine: 30 samples of each class."""

    file = None  # an image on the disk, for pipelines that load one, with a link for each row beside it

    def __init__(self, shape, num_classes, pipeline=()):
        self.shape, self.num_classes = tuple(shape), num_classes
        super().__init__(ann_file='', metainfo=dict(classes=[str(k) for k in range(num_classes)]), pipeline=pipeline)

    def load_data_list(self):
        images = np.random.default_rng(0).integers(0, 256, (10, *self.shape), dtype=np.uint8)
        labels = (i % self.num_classes for i in range(30 * self.num_classes))
        folder = str(self.file.parent)
        return [
            dict(img=images[i % 10], img_path=f'{folder}/{i}.png', gt_label=label, gt_mask=images[i % 10, ..., 0] % 2)
            for i, label in enumerate(labels)
        ]


def tiny(node):
    """A config node with random images for data, small batches and narrow networks."""
    if isinstance(node, (list, tuple)):
        return type(node)(tiny(item) for item in node)
    if not isinstance(node, dict):
        return node
    if node.get('type') in SOURCES:
        shape, num_classes = SOURCES[node['type']]
        pipeline = node.get('pipeline', ())
        return dict(type='mmnoisy.RandomImages', shape=shape, num_classes=num_classes, pipeline=pipeline)
    # A file of another run, and a folder that is not on this machine.
    node = {key: tiny(value) for key, value in node.items() if key not in ('keep', 'bank')}
    if 'num_workers' in node:
        node.update(num_workers=0, persistent_workers=False, pin_memory=False, batch_size=min(8, node['batch_size']))
    backbone = node.get('backbone', {})
    if backbone.get('type') in NARROW:
        widths = {name: backbone.get(name, width) for name, width in NARROW[backbone['type']].items()}
        backbone.update({name: np.floor_divide(width, 16).tolist() for name, width in widths.items()})
        node['head']['in_channels'] //= 16
    elif backbone.get('type') in STAND_INS:
        node['backbone'], node['head']['in_channels'] = STAND_INS[backbone['type']]
    if 'per_class' in node:
        node['per_class'] = min(10, node['per_class'])
    if 'mid_channels' in node:
        node['mid_channels'] = [8]
    return node


#: What a training and a test step depend on.
PARTS = ('model', 'data_preprocessor', 'train_dataloader', 'val_dataloader', 'test_dataloader', 'optim_wrapper')


def steps_key(cfg):
    """Equal for configs whose steps are the same but for the noise: the narrowed parts, as text, without noise."""
    parts = {name: cfg[name].to_dict() for name in PARTS}
    for node in label_noises(list(parts.values())):
        node['noise'] = None
    return json.dumps(parts, sort_keys=True, default=str)


@pytest.fixture(scope='module', params=FILES, ids=lambda path: path.stem)
def path(request):
    """Of module scope, so that the tests of one config run in turn and share what was parsed."""
    return request.param


@pytest.fixture(scope='module')
def cfg(path):
    return Config.fromfile(path)


@pytest.fixture(scope='module')
def tried():
    """Keys of the configs that took their steps in this process."""
    return set()


@pytest.fixture(scope='module')
def image_file(tmp_path_factory):
    path = tmp_path_factory.mktemp('images') / 'image.png'
    Image.new('RGB', (64, 64)).save(path)
    # One image is one row: 30 names for each of 100 classes.
    for row in range(3000):
        path.with_name(f'{row}.png').symlink_to(path)
    return path


@pytest.fixture(autouse=True)
def image_and_scope(image_file, monkeypatch):
    monkeypatch.setattr(RandomImages, 'file', image_file)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


@pytest.fixture(scope='module')
def listed():
    """Config of each model, by name, of every method's metafile."""
    models = [yaml.safe_load(file.read_text())['Models'] for file in CONFIGS.glob('*/metafile.yml')]
    return {model['Name']: model['Config'] for part in models for model in part}


def test_name_and_listing(path, cfg, listed):
    folder = path.parent
    method = '[a-z0-9-]+' if folder.name == 'combinations' else f'{folder.name}(-[a-z0-9-]+)?'
    # Own data and data sets that are noisy by nature have no noise in their name.
    match = re.fullmatch(rf'{method}_[a-z0-9-]+_(?P<epochs>\d+)e_[a-z0-9-]+', path.stem)
    assert match, f'{path.name} is not <method>_<network>_<epochs>e_<data>-<noise>.py'
    assert int(match['epochs']) == cfg.train_cfg.max_epochs
    assert (folder / 'README.md').is_file()
    assert listed.get(path.stem) == path.relative_to(ROOT).as_posix()


def test_one_way_to_write(path):
    """Bases are relative paths with a leading dot; noise is given in full, once, for both parts."""
    text = path.read_text()
    for line in text.splitlines():
        if line.startswith('_base_ = ') and not line.endswith('['):
            assert re.match(r"_base_ = \[?'\.\.?/", line), line
        if re.search(r'\bnoise ?= ?dict', line):
            assert line.startswith('noise = dict(_delete_=True, kind='), line
    if re.search('^noise = ', text, re.MULTILINE):
        assert len(re.findall('noise=noise', text)) >= 2, f'{path.name}: train and val need the same noise'
    assert 'label_noise' not in text


def test_test_data_selects_nothing(cfg):
    train, val, test = (cfg[f'{part}_dataloader'].dataset for part in ('train', 'val', 'test'))
    assert test.type != 'mmnoisy.LabelNoise' and test.get('split', 'test') == TEST_SPLITS.get(test.type, 'test')
    assert train.type == val.type and train.type in ('mmnoisy.LabelNoise', 'mmnoisy.MaskNoise')
    # 2 % of a million are enough.
    holdout = 0.02 if test.type == 'mmnoisy.Clothing1M' else 0.1
    assert (train.part, val.part, train.holdout) == ('train', 'val', holdout)
    for option in ('source', 'noise', 'seed', 'holdout'):
        assert train[option] == val[option], option


def train_a_step(model, data, optimizer):
    before = {name: value.clone() for name, value in model.named_parameters()}
    losses = model.train().train_step(data, optimizer)
    assert losses['loss'].isfinite()
    changed = [name for name, value in model.named_parameters() if not torch.equal(value, before[name])]
    assert changed and all(value.isfinite().all() for value in model.parameters())


def test_trains_and_predicts(cfg, tried):
    # The stages of a recipe are run in test_recipes.py.
    cfg = Config(tiny({key: value for key, value in cfg.to_dict().items() if key != 'stages'}))
    loaders = {part: Runner.build_dataloader(cfg[f'{part}_dataloader'], seed=0) for part in ('train', 'val', 'test')}
    torch.manual_seed(0)
    model = MODELS.build(dict(data_preprocessor=cfg.data_preprocessor, **cfg.model))
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper)
    schedulers = cfg.param_scheduler or []
    for scheduler in schedulers if isinstance(schedulers, list) else [schedulers]:
        PARAM_SCHEDULERS.build(dict(optimizer=optimizer, **scheduler))
    for hook in (*cfg.default_hooks.values(), *cfg.get('custom_hooks', [])):
        HOOKS.build(hook)

    # All parts of every config can be built, its noise among them; the steps of some are the same.
    if (key := steps_key(cfg)) in tried:
        return
    tried.add(key)
    if isinstance(model, MetaReweighting):
        # What MetaSetHook hands over.
        trusted = model.data_preprocessor(next(iter(loaders['train'])))
        model.set_meta_step(trusted['inputs'], trusted['data_samples'], 0.1)
    train_a_step(model, next(iter(loaders['train'])), optimizer)
    for part in ('val', 'test'):
        batch = next(iter(loaders[part]))
        results = model.eval().val_step(batch)
        assert len(results) == len(batch['data_samples'])
        # AUM's threshold class is one more.
        assert len(results[0].pred_score) - len(loaders[part].dataset.metainfo['classes']) in (0, 1)


def test_metafiles_list_only_files_that_exist():
    for metafile in CONFIGS.rglob('metafile.yml'):
        content = yaml.safe_load(metafile.read_text())
        collections = {collection['Name'] for collection in content['Collections']}
        for model in content['Models']:
            assert (ROOT / model['Config']).is_file(), f'{metafile}: {model["Config"]} does not exist'
            assert model['In Collection'] in collections
