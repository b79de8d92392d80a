import copy
import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpretrain.models import ClsDataPreprocessor

from mmnoisy.datasets import FeatureBank, collate_batch
from mmnoisy.datasets.feature_bank import READ, UNREADABLE, VERSION
from mmnoisy.models import FeatureProbe
from mmnoisy.models.data_preprocessors import CachedView, MultiViewDataPreprocessor
from mmnoisy.registry import DATASETS
from tests.helpers import CONFIGS, ddp, run_two_ranks, train

DIM, VIEWS = 16, 3
PACK = [dict(type='PackInputs')]


def write_bank(folder, count, seed=0, unreadable=(), noise=0.0):
    """A bank of Gaussian classes, as :func:`mmnoisy.engine.build_feature_bank` leaves it."""
    rng = np.random.default_rng(seed)
    clean = rng.integers(0, 4, count)
    centres = np.random.default_rng(99).normal(size=(4, DIM)) * 3
    features = (centres[clean] + rng.normal(size=(VIEWS, count, DIM)) + 5).astype(np.float16)
    label = np.where(rng.random(count) < noise, rng.integers(0, 4, count), clean)
    status = np.full(count, READ, np.uint8)
    status[list(unreadable)] = UNREADABLE
    data = folder / 'data-0123456789abcdef'
    data.mkdir(parents=True)
    np.save(data / 'features.npy', features)
    np.save(data / 'status.npy', status)
    (data / 'names.json').write_text(json.dumps([f'/photos/{row}.jpg' for row in range(count)]))
    split = np.array(['train', 'test'])[(np.arange(count) % 5 == 4).astype(int)]
    columns = dict(label=label, clean_label=clean, split=split)
    np.savez(folder / 'columns-0123456789abcdef.npz', **columns)
    meta = dict(
        version=VERSION,
        data=data.name,
        columns_file='columns-0123456789abcdef.npz',
        columns=list(columns),
        classes=list('abcd'),
        errors={str(row): 'empty' for row in unreadable},
    )
    (folder / 'bank.json').write_text(json.dumps(meta))
    return str(folder), features, columns


@pytest.fixture
def bank(tmp_path):
    return write_bank(tmp_path / 'bank', 40, noise=0.3)


def test_a_vector_is_an_image_of_many_channels(bank):
    folder, features, columns = bank
    dataset = FeatureBank(folder, pipeline=PACK)
    assert len(dataset) == 40 and dataset.metainfo['classes'] == tuple('abcd')
    info = dataset.get_data_info(7)
    assert info['img'].shape == (1, 1, DIM) and info['img_path'] == '/photos/7.jpg'
    assert info['gt_label'] == columns['label'][7] and info['clean_label'] == columns['clean_label'][7]
    packed = dataset[7]
    assert packed['inputs'].shape == (DIM, 1, 1) and torch.equal(
        packed['inputs'].flatten(), torch.tensor(features[0, 7])
    )
    assert FeatureBank(folder, views=2, pipeline=PACK)[7]['inputs'].shape == (DIM, 2, 1)


def test_instance_noise_is_the_same_whichever_views_a_method_reads(bank):
    def labels(views):
        source = dict(type='mmnoisy.FeatureBank', bank=bank[0], label='clean_label', views=views)
        noise = dict(kind='instance', rate=0.4)
        return DATASETS.build(dict(type='mmnoisy.LabelNoise', source=source, noise=noise, pipeline=PACK)).gt_labels

    assert (labels(1) == labels(VIEWS)).all() and (labels(1) != bank[2]['clean_label']).any()


def test_a_batch_equals_its_samples(bank):
    dataset = FeatureBank(bank[0], views=2, pipeline=PACK)
    left, right = (collate_batch(b) for b in (dataset.__getitems__([8, 3]), [dataset[8], dataset[3]]))
    assert torch.equal(left['inputs'], right['inputs'])
    assert [s.to_dict() for s in left['data_samples']] == [s.to_dict() for s in right['data_samples']]
    other = FeatureBank(bank[0], pipeline=[dict(type='PackInputs', meta_keys=('bank_row',))])
    assert other.__getitems__([8])[0]['data_samples'].bank_row == 8


def test_upstreams_preprocessor_scales_each_feature(bank):
    folder, features, _ = bank
    dataset = FeatureBank(folder, pipeline=PACK)
    mean, std = dataset.bank.statistics()
    plain = features[0].astype(np.float64)
    assert np.allclose(mean, plain.mean(0), atol=1e-4) and np.allclose(std, plain.std(0), atol=1e-4)
    preprocessor = ClsDataPreprocessor(mean=mean.tolist(), std=std.tolist(), num_classes=4)
    inputs = preprocessor(collate_batch([dataset[row] for row in range(40)]), True)['inputs']
    assert inputs.shape == (40, DIM, 1, 1) and inputs.dtype == torch.float32
    expected = torch.from_numpy((plain - plain.mean(0)) / plain.std(0)).float()
    assert torch.allclose(inputs[..., 0, 0], expected, atol=1e-3)
    probe = FeatureProbe(DIM, bank=folder)
    assert torch.allclose(probe(torch.tensor(features[0]).float()[..., None, None])[0], expected, atol=1e-3)


def test_columns_splits_and_rows(bank):
    folder, _, columns = bank
    assert FeatureBank(folder, label='clean_label').get_gt_labels().tolist() == columns['clean_label'].tolist()
    assert 'clean_label' not in FeatureBank(folder, clean_label='').get_data_info(0)
    test = FeatureBank(folder, split='test')
    assert [info['img_path'] for info in map(test.get_data_info, range(2))] == ['/photos/4.jpg', '/photos/9.jpg']
    assert FeatureBank(folder, rows=(10, 20, 3)).get_data_info(1)['img_path'] == '/photos/13.jpg'
    for options, message in (
        (dict(label='other'), "no column 'other'; it has label, clean_label, split"),
        (dict(split='val'), "no row is of the split 'val'"),
        (dict(rows=(0, 41)), r'rows must lie in 0\.\.40'),
        (dict(views=4), 'has 3 views, so views=4'),
    ):
        with pytest.raises(ValueError, match=message):
            FeatureBank(folder, **options)
    with pytest.raises(FileNotFoundError, match='no finished feature bank'):
        FeatureBank(folder + 'x')


def test_unreadable_images_are_left_out(tmp_path):
    folder, features, _ = write_bank(tmp_path / 'bank', 10, unreadable=[0, 6])
    dataset = FeatureBank(folder)
    assert len(dataset) == 8 and list(dataset.bank.errors) == ['/photos/0.jpg', '/photos/6.jpg']
    assert np.array_equal(dataset.get_data_info(5)['img'][0, 0], features[0, 7])
    mean, _ = dataset.bank.statistics()
    assert np.allclose(mean, np.delete(features[0], [0, 6], 0).astype(np.float64).mean(0), atol=1e-4)


@pytest.mark.parametrize('views', [1, 3])
def test_label_noise_fetches_whole_batches_of_floats(bank, views):
    def build(batched):
        source = dict(type='mmnoisy.FeatureBank', bank=bank[0], views=views)
        noise = dict(kind='symmetric', rate=0.4)
        cfg = dict(type='mmnoisy.LabelNoise', source=source, noise=noise, holdout=0.2, pipeline=PACK, batched=batched)
        return DATASETS.build(cfg)

    batched, single = build(True), build(False)
    fetched, one_by_one = batched.__getitems__([3, 0, 9]), [single[row] for row in (3, 0, 9)]
    assert fetched.inputs.shape == (3, DIM, views, 1) and fetched.inputs.dtype == torch.float16
    left, right = collate_batch(fetched), collate_batch(one_by_one)
    assert torch.equal(left['inputs'], right['inputs'])
    assert [s.to_dict() for s in left['data_samples']] == [s.to_dict() for s in right['data_samples']]
    assert left['data_samples'][0].img_path == batched.get_data_info(3)['img_path']


def test_cached_views_are_drawn_for_each_image():
    features = torch.arange(1000 * 2 * 3.0).view(1000, 2, 3, 1)
    torch.manual_seed(0)
    view = CachedView()(features)
    assert view.shape == (1000, 2, 1, 1)
    number = view[:, 0, 0, 0] - features[:, 0, 0, 0]
    assert torch.equal(view[:, 1, 0, 0], features[:, 1, 0, 0] + number)  # all features of an image are of one view
    assert torch.bincount(number.long()).min() > 250 and len(number.unique()) == 3
    assert torch.equal(CachedView(2)(features)[..., 0, 0], features[:, :, 2, 0])
    with pytest.raises(ValueError, match='cached=3, but the data set gives 3'):
        CachedView(3)(features)
    for bad in ('all', -1, True):
        with pytest.raises(ValueError, match="must be 'random' or the number"):
            CachedView(bad)


def test_multi_view_methods_get_cached_views(bank):
    folder, features, _ = bank
    dataset = FeatureBank(folder, views=3, pipeline=PACK)
    batch = collate_batch([dataset[row] for row in range(40)])
    preprocessor = MultiViewDataPreprocessor(views=[dict(cached='random'), dict(cached=0)])
    inputs = preprocessor(copy.deepcopy(batch), True)['inputs']
    assert inputs.shape == (2, 40, DIM, 1, 1) and inputs.dtype == torch.float32
    assert torch.equal(inputs[1, ..., 0, 0], torch.tensor(features[0]).float())
    drawn = (inputs[0, ..., 0, 0] == torch.tensor(features).float()).all(2)
    assert drawn.sum(0).eq(1).all() and drawn.any(1).all()
    # In evaluation the probe looks at the plain view.
    plain = preprocessor(batch, False)['inputs']
    assert torch.equal(FeatureProbe(DIM)(plain)[0], torch.tensor(features[0]).float())
    with pytest.raises(TypeError, match='need uint8'):
        MultiViewDataPreprocessor(views=[dict(flip=0.5)])(batch, True)


def test_probe_keeps_its_scale_in_the_checkpoint(bank):
    folder, features, _ = bank
    trained = FeatureProbe(DIM, hidden=[8, 6], bank=folder)
    loaded = FeatureProbe(DIM, hidden=[8, 6])
    loaded.load_state_dict(trained.state_dict())
    x = torch.tensor(features[0]).float()
    assert loaded(x)[0].shape == (40, 6) and torch.equal(loaded(x)[0], trained(x)[0])
    assert FeatureProbe(DIM)(x)[0].shape == (40, DIM)
    with pytest.raises(ValueError, match='has 16 features an image, not in_channels=8'):
        FeatureProbe(8, bank=folder)


def probe_cfg(tmp_path, config, epochs=3):
    """A probe config on small banks with a third of the labels wrong."""
    write_bank(tmp_path / 'train', 300, noise=0.4, unreadable=[5])
    write_bank(tmp_path / 'test', 80, seed=1)
    cfg = Config.fromfile(CONFIGS / config)

    def small(node):
        if isinstance(node, list):
            for item in node:
                small(item)
        if isinstance(node, dict):
            for key, value in node.items():
                if key == 'bank':
                    node[key] = str(tmp_path / value.split('/')[-1])
                elif value == 1280:
                    node[key] = DIM
                elif key == 'num_classes':
                    node[key] = 4
                else:
                    small(value)

    small(cfg._cfg_dict)
    cfg.merge_from_dict(
        {'train_cfg.max_epochs': epochs, 'train_cfg.val_interval': 1, 'train_dataloader.batch_size': 32}
    )
    cfg.default_hooks.summary.interval = 1
    cfg.visualizer, cfg.log_level = None, 'WARNING'
    cfg.work_dir = str(tmp_path / 'run')
    return cfg


METHODS = ['ce/ce', 'elr/elr', 'coteaching/coteaching-auto', 'mixup/mixup', 'dividemix/dividemix', 'ssr/ssr', 'sop/sop']


def history(runner):
    return next(hook for hook in runner.hooks if type(hook).__name__ == 'SummaryHook').history


@pytest.mark.parametrize('method', METHODS)
def test_methods_train_on_features(tmp_path, method):
    cfg = probe_cfg(tmp_path, f'{method}_probe_40e_features.py')
    for hook in cfg.get('custom_hooks', []):
        for option in ('warmup_epochs', 'begin'):
            if option in hook:
                hook[option] = 1
        if 'k' in hook:
            hook.k = 20
    rows = history(train(cfg))
    assert len(rows) == 3 and max(row['test_accuracy'] for row in rows) > 80


def history_of_a_rank(cfg):
    return history(train(ddp(cfg)))


@pytest.mark.ddp
def test_two_ranks_train_on_one_bank(tmp_path):
    cfg = probe_cfg(tmp_path, 'elr/elr_probe_40e_features.py', epochs=2)
    first, second = run_two_ranks(history_of_a_rank, cfg)
    assert len(first) == 2 and first == second
