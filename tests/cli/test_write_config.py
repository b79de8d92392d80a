"""Configs that are written for one's own data: each method, from folders and tables, in each way of training."""

import csv

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import DATASETS, MODELS

import mmnoisy.registry  # noqa: F401
from mmnoisy.datasets.feature_bank import Bank
from mmnoisy.datasets.own_data import read_data
from mmnoisy.jobs.options import METHODS, TrainOptions, choose
from mmnoisy.jobs.write_config import write_config

from .messy import write_image

CLASSES = ('ein "s"', 'fünf', "zw'ei")


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Twelve images of each of three classes, in folders and in a table."""
    root = tmp_path_factory.mktemp('data') / 'a b, "c"'
    rows = []
    for k, name in enumerate(CLASSES):
        (root / name).mkdir(parents=True)
        for i in range(12):
            write_image(root / name / f'{i}.png', np.random.default_rng(12 * k + i).random((8, 8)) * 16, i % 4)
            rows.append((f'{name}/{i}.png', name, 'valid' if i == 0 else 'Test' if i == 1 else 'train'))
    with (root / 'list.csv').open('w', newline='', encoding='utf-8') as file:
        csv.writer(file).writerows([('image', 'class', 'split'), *rows])
    return root


def write(tmp_path, data, method, frozen=False, **options):
    bank = Bank(tmp_path / 'bank', np.zeros((3, 36, 20), np.float16), [], np.ones(36, bool), {}) if frozen else None
    options = dict(dict(backbone='resnet18', weights=False, frozen=frozen, size=32, epochs=3), **options)
    path = write_config(
        tmp_path / f'{method}.py', data, TrainOptions(method, **options), work_dir=tmp_path / 'run', bank=bank
    )
    return Config.fromfile(path)


def numbers(node, name):
    """All values of a key in a tree."""
    if isinstance(node, (list, tuple)):
        return [value for item in node for value in numbers(item, name)]
    if not isinstance(node, dict):
        return []
    return [value for key, item in node.items() for value in ([item] if key == name else numbers(item, name))]


@pytest.mark.parametrize('method', METHODS)
def test_each_method_from_scratch(method, folder, tmp_path):
    init_default_scope('mmpretrain')
    configs = [write(tmp_path, read_data(data), method) for data in (folder, folder / 'list.csv')]
    for cfg in configs:
        assert set(numbers(cfg.model, 'num_classes')) == {3} and cfg.data_preprocessor.num_classes == 3
        assert cfg.train_cfg.max_epochs == 3 and cfg.param_scheduler.T_max == 3
        assert set(numbers(cfg.train_dataloader.dataset, 'scale')) == {32}
        assert all(epochs < 3 for epochs in numbers(cfg.get('custom_hooks'), 'warmup_epochs'))
        assert all(epochs < 3 for epochs in numbers(cfg.get('custom_hooks'), 'begin'))
        train = DATASETS.build(cfg.train_dataloader.dataset)
        assert tuple(train.metainfo['classes']) == CLASSES
        assert len(DATASETS.build(cfg.val_dataloader.dataset)) == 3
    model = MODELS.build(dict(cfg.model, data_preprocessor=cfg.data_preprocessor))
    assert {p.shape[0] for name, p in model.named_parameters() if name.endswith('head.fc.weight')} == {3}
    assert len(train) == 30  # 36 without those of valid and Test
    assert configs[0].get('test_dataloader') is None
    assert len(DATASETS.build(configs[1].test_dataloader.dataset)) == 3
    if method == 'aum':
        assert numbers(configs[0].stages, 'model.head.num_classes') == [4, 4]


@pytest.mark.parametrize('method', METHODS)
def test_each_method_on_frozen_features(method, folder, tmp_path):
    cfg = write(tmp_path, read_data(folder), method, frozen=True, backbone='efficientnet_lite0', weights=None)
    assert set(numbers(cfg.model, 'num_classes')) == {3} and set(numbers(cfg.model, 'in_channels')) == {20}
    assert set(numbers(cfg.model, 'bank')) == {str(tmp_path / 'bank')}
    assert set(numbers([cfg.train_dataloader, cfg.val_dataloader], 'bank')) == {str(tmp_path / 'bank')}
    assert cfg.features == dict(backbone='efficientnet_lite0', weights=None, size=32)
    assert ('backbone' in cfg.model) != ('network' in cfg.model)
    for model in numbers(cfg.get('stages'), 'model'):
        assert model.head.num_classes == 4 and model.head.in_channels == 20
    for classes in numbers(cfg.get('stages'), 'model.head.num_classes'):
        assert classes == 4


@pytest.mark.parametrize('method', ['elr', 'coteaching', 'dividemix', 'aum'])
def test_fine_tuning_takes_the_normalisation_of_the_backbone(method, folder, tmp_path):
    pytest.importorskip('timm')
    cfg = write(
        tmp_path, read_data(folder), method, backbone='efficientnet_lite0', weights=None, extras=method == 'elr'
    )
    assert cfg.data_preprocessor.mean == [127.0] * 3 and cfg.data_preprocessor.std == [128.0] * 3
    network = cfg.model.get('network', cfg.model)
    assert network.backbone == dict(type='mmnoisy.PretrainedBackbone', name='efficientnet_lite0', weights=None)
    assert network.neck is None and network.head.in_channels == 1280 and network.head.num_classes == 3
    if method == 'elr':
        assert [hook.type for hook in cfg.custom_hooks] == ['mmnoisy.LossStateHook', 'EMAHook']
        assert network.train_cfg.augments.type == 'Mixup'


def test_weights_of_a_list_reach_the_loss(folder, tmp_path):
    init_default_scope('mmpretrain')
    path = folder / 'weighted.csv'
    with path.open('w', newline='', encoding='utf-8') as file:
        rows = [(f'{name}/{i}.png', name, i / 10) for name in CLASSES for i in range(10)]
        csv.writer(file).writerows([('path', 'label', 'weight'), *rows])
    train = DATASETS.build(write(tmp_path, read_data(path), 'ce').train_dataloader.dataset)
    for i in range(len(train)):
        sample = train[i]['data_samples']
        assert sample.sample_weight == int(sample.img_path.rpartition('/')[2][0]) / 10
    assert len(train) == 27


def test_batch_size_brings_its_learning_rate(folder, tmp_path):
    cfg = write(tmp_path, read_data(folder), 'ce', batch_size=64)
    assert cfg.train_dataloader.batch_size == 64 and cfg.optim_wrapper.optimizer.lr == pytest.approx(0.02)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(method='nothing'), "no method 'nothing'.*Methods for one's own data: auto, ce"),
        (dict(method='ce', epochs=0), '--epochs must be at least 1, not 0'),
        (dict(method='ce', batch_size=-1), '--batch-size must be at least 1'),
        (dict(method='ce', scratch=True, frozen=True), '--scratch excludes --frozen'),
        (dict(method='ce', scratch=True, pretrained=True), '--scratch excludes --pretrained'),
        (dict(method='ce', backbone='resnet18', pretrained=True), 'resnet18 is trained from scratch'),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        choose(**options)


def test_what_is_chosen_where_nothing_is_said(monkeypatch):
    monkeypatch.setattr('mmnoisy.jobs.options.have_features', lambda: True)
    chosen = choose('elr', typical=40)
    assert chosen[1:6] == ('efficientnet_lite0', None, False, 64, 10)
    assert [choose('ce', num_images=n).epochs for n in (50_000, 1_000, 200)] == [10, 20, 30]
    assert choose('elr', typical=900).size == 128 and choose('elr', frozen=True, typical=8)[4:6] == (128, 40)
    assert choose('elr', scratch=True)[1:4] == ('resnet18', False, False)
    assert choose('elr', backbone='timm:x', scratch=True)[1:3] == ('timm:x', False)
    assert choose('elr', backbone='timm:x', pretrained='w.pth').weights == 'w.pth'
    monkeypatch.setattr('mmnoisy.jobs.options.have_features', lambda: False)
    assert choose('elr')[1:3] == ('resnet18', False)
