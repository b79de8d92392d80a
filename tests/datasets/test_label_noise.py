import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import DATASETS

from mmnoisy.datasets import Digits, LabelNoise
from mmnoisy.registry import DATASETS as OURS

DIGITS = dict(type='mmnoisy.Digits')
SYM = dict(kind='symmetric', rate=0.4)
PACK = [dict(type='PackInputs')]


def listed(tmp_path, labels, **kwargs):
    """A data set with these labels; its images do not exist."""
    (tmp_path / 'list.txt').write_text(''.join(f'{row}.jpg {label}\n' for row, label in enumerate(labels)))
    return dict(type='CustomDataset', data_prefix=str(tmp_path), ann_file=str(tmp_path / 'list.txt'), **kwargs)


def test_data_info():
    data = LabelNoise(DIGITS, SYM, holdout=0.1)
    source = Digits()
    original = source.get_gt_labels()
    for row in (0, 700, -1):
        info = data.get_data_info(row)
        assert info['sample_idx'] == row % len(data)
        assert info['clean_label'] == original[info['source_idx']]
        assert info['gt_label'] == data.gt_labels[row] == data.get_cat_ids(row)[0]
        np.testing.assert_array_equal(info['img'], source.get_data_info(info['source_idx'])['img'])
    assert data.noise_summary() == dict(
        kind='symmetric',
        requested_rate=0.4,
        realised_rate=(data.gt_labels != original[data.source_idx]).mean(),
        num_samples=len(data),
        num_classes=10,
    )
    with pytest.raises(IndexError):
        data.get_data_info(len(data))


def test_holdout_is_stratified_seeded_and_disjoint():
    whole, train, val = (LabelNoise(DIGITS, SYM, holdout=0.1, part=part) for part in ('all', 'train', 'val'))
    assert sorted([*train.source_idx, *val.source_idx]) == list(range(1437))
    np.testing.assert_array_equal(np.bincount(val.gt_labels), np.round(0.1 * np.bincount(whole.gt_labels)))
    other = LabelNoise(DIGITS, SYM, holdout=0.1, part='val', seed=1)
    assert set(other.source_idx) != set(val.source_idx)
    # Validation labels are noisy, too.
    assert 0.25 < (val.gt_labels != val.clean_labels).mean() < 0.55


def test_noise_does_not_depend_on_holdout_part_or_global_rng():
    whole = LabelNoise(DIGITS, SYM).gt_labels
    for seed, (holdout, part) in enumerate([(0.1, 'train'), (0.5, 'val'), (0.3, 'all')]):
        np.random.seed(seed)
        torch.manual_seed(seed)
        data = LabelNoise(DIGITS, SYM, holdout=holdout, part=part)
        np.testing.assert_array_equal(data.gt_labels, whole[data.source_idx])
    state = np.random.get_state()[1].copy(), torch.get_rng_state()
    LabelNoise(DIGITS, dict(kind='instance', rate=0.4), holdout=0.1)
    assert (np.random.get_state()[1] == state[0]).all() and torch.equal(torch.get_rng_state(), state[1])
    assert (LabelNoise(DIGITS, SYM, seed=1).gt_labels != whole).any()


def test_same_labels_and_split_in_every_process():
    noises = [SYM, dict(SYM, exact=False), dict(kind='instance', rate=0.4)]
    code = (
        'import json\nfrom mmnoisy.datasets import LabelNoise\nout = []\n'
        f'for noise in {noises!r}:\n'
        f'    data = LabelNoise({DIGITS!r}, noise, holdout=0.1)\n'
        '    out.append([data.gt_labels.tolist(), data.source_idx.tolist()])\n'
        'print(json.dumps(out))'
    )
    env = dict(os.environ, PYTHONHASHSEED='7', PYTHONPATH=os.pathsep.join(sys.path))
    printed = subprocess.run([sys.executable, '-c', code], env=env, capture_output=True, text=True, check=True).stdout
    for noise, (labels, rows) in zip(noises, json.loads(printed.splitlines()[-1])):
        here = LabelNoise(DIGITS, noise, holdout=0.1)
        assert here.gt_labels.tolist() == labels and here.source_idx.tolist() == rows


@pytest.mark.parametrize('suffix', ['json', 'npy', 'csv'])
def test_labels_are_saved_and_loaded(tmp_path, suffix):
    path = str(tmp_path / f'labels.{suffix}')
    saved = LabelNoise(DIGITS, SYM, holdout=0.1, save_to=path)
    loaded = LabelNoise(DIGITS, dict(kind='label_file', path=path), holdout=0.1)
    np.testing.assert_array_equal(loaded.gt_labels, saved.gt_labels)
    np.testing.assert_array_equal(loaded.source_idx, saved.source_idx)
    np.testing.assert_array_equal(loaded.clean_labels, saved.clean_labels)
    with pytest.raises(ValueError, match='labels.* 360 '):
        LabelNoise(dict(DIGITS, split='test'), dict(kind='label_file', path=path))


def test_labels_of_another_order_are_refused(tmp_path):
    path = str(tmp_path / 'labels.json')
    LabelNoise(listed(tmp_path, [0, 1, 2, 0, 1, 2]), SYM, save_to=path, pipeline=())
    with pytest.raises(ValueError, match='labels.json was made for another data set'):
        LabelNoise(listed(tmp_path, [2, 1, 0, 0, 1, 2]), dict(kind='label_file', path=path), pipeline=())


def test_noise_is_logged_once(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr('mmnoisy.datasets.label_noise.print_log', lambda text, **kwargs: lines.append(text))
    for part in ('val', 'train'):
        LabelNoise(DIGITS, dict(kind='pairflip', rate=0.5), holdout=0.1, part=part)
    (text,) = lines
    assert "'pairflip', 'rate': 0.5}, seed 0, 1437 samples: 0.4997 of the labels are wrong" in text
    assert 'realised T' in text
    LabelNoise(listed(tmp_path, [0, 0, 2], classes=['a', 'b', 'c', 'd']))
    assert 'labels as given' in lines[1] and 'true labels unknown' in lines[1]
    assert "no sample of the part 'train' is labelled as class 1, 3." in lines[2]


def test_wrappers_below_and_above():
    init_default_scope('mmpretrain')
    both = dict(type='ConcatDataset', datasets=[DIGITS, dict(DIGITS, split='test')])
    data = LabelNoise(both, SYM, holdout=0.1, pipeline=PACK)
    val = LabelNoise(both, SYM, holdout=0.1, part='val', pipeline=PACK)
    assert len({*data.source_idx, *val.source_idx}) == 1797
    assert data[0]['inputs'].shape == (1, 8, 8)
    with pytest.raises(ValueError, match='set `pipeline`, since the source ConcatDataset has none'):
        LabelNoise(both, SYM)
    cfg = dict(type='mmnoisy.LabelNoise', source=DIGITS, noise=SYM, pipeline=PACK)
    repeated = DATASETS.build(dict(type='RepeatDataset', times=2, dataset=cfg))
    assert len(repeated) == 2874 and repeated[1437]['data_samples'].sample_idx == 0
    balanced = DATASETS.build(dict(type='ClassBalancedDataset', oversample_thr=0.2, dataset=cfg))
    assert len(balanced) > 1437 and balanced.metainfo['classes'] == data.metainfo['classes']
    joined = DATASETS.build(dict(type='ConcatDataset', datasets=[cfg, dict(cfg, seed=1)]))
    assert len(joined) == 2874 and int(joined[1440]['data_samples'].gt_label) in range(10)


def test_labels_never_change_in_persistent_workers():
    loader = Runner.build_dataloader(
        dict(
            batch_size=256,
            num_workers=1,
            persistent_workers=True,
            collate_fn=dict(type='default_collate'),
            sampler=dict(type='DefaultSampler', shuffle=True),
            dataset=dict(type='mmnoisy.LabelNoise', source=DIGITS, noise=SYM, holdout=0.5, pipeline=PACK),
        ),
        seed=0,
    )
    for _ in range(2):
        seen = {s.sample_idx: int(s.gt_label) for batch in loader for s in batch['data_samples']}
        assert [seen[row] for row in range(len(loader.dataset))] == loader.dataset.gt_labels.tolist()


def image_folder(tmp_path, content):
    for name in 'ab':
        (tmp_path / name).mkdir()
        for i in range(2):
            cv2.imwrite(str(tmp_path / name / f'{i}.png'), np.full((8, 8, 3), i, np.uint8))
    (tmp_path / 'b' / '1.png').write_bytes(content)
    return dict(type='CustomDataset', data_prefix=str(tmp_path))


@pytest.mark.parametrize(
    'load, message',
    [
        (dict(), 'failed to load image'),
        (dict(imdecode_backend='pillow'), 'UnidentifiedImageError'),
        (dict(ignore_empty=True), 'failed to load image|returned nothing'),
    ],
)
def test_corrupt_image_is_named_and_never_replaced(tmp_path, load, message):
    pipeline = [dict(type='LoadImageFromFile', **load), *PACK]
    data = LabelNoise(image_folder(tmp_path, b'no image'), pipeline=pipeline)
    assert int(data[2]['data_samples'].gt_label) == 1
    with pytest.raises(RuntimeError, match=rf'(?s)Cannot load sample 3 \(.*b/1.png\).*({message}).*Repair the file'):
        data[3]


def test_missing_or_truncated_image_through_a_worker(tmp_path):
    source = image_folder(tmp_path, b'')
    good = cv2.imencode('.jpg', np.random.default_rng(0).integers(256, size=(64, 64, 3)).astype(np.uint8))[1].tobytes()
    (tmp_path / 'b' / '1.png').write_bytes(good[: len(good) // 2])
    pipeline = [dict(type='LoadImageFromFile', imdecode_backend='pillow'), *PACK]
    loader = Runner.build_dataloader(
        dict(
            batch_size=1,
            num_workers=1,
            collate_fn=dict(type='default_collate'),
            sampler=dict(type='DefaultSampler', shuffle=False),
            dataset=dict(type='mmnoisy.LabelNoise', source=source, pipeline=pipeline),
        ),
        seed=0,
    )
    with pytest.raises(RuntimeError, match=r'Cannot load sample 3 \(.*b/1.png\): OSError: image file is truncated'):
        list(loader)
    (tmp_path / 'b' / '1.png').unlink()
    with pytest.raises(RuntimeError, match=r'Cannot load sample 3 \(.*b/1.png\): FileNotFoundError'):
        loader.dataset[3]
    data = LabelNoise(source, dict(kind='symmetric', rate=0.5))
    assert len(data) == 3
    (tmp_path / 'b' / '0.png').write_bytes(b'x')
    with pytest.raises(RuntimeError, match='Cannot read .*b/0.png'):
        LabelNoise(source, dict(kind='instance', rate=0.5))


def test_pipeline_error_names_the_row():
    with pytest.raises(RuntimeError, match=r'Cannot load sample 4 \(row 4 of Digits\): KeyError'):
        LabelNoise(DIGITS, pipeline=[dict(type='LoadImageFromFile')])[4]


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(noise=dict(kind='symmetric', rate=1.5)), r'rate must be a number in \[0, 1\], not 1.5'),
        (dict(noise=dict(rate=0.5)), 'unknown kind None. Known kinds: symmetric'),
        (dict(noise=dict(kind='label_file')), "'label_file' needs the option 'path'"),
        (dict(noise=dict(kind='label_file', path='x.json', rate=0.1)), "'label_file' has no option 'rate'"),
        (dict(noise=dict(kind='symmetric', rate=0.5, image_size=8)), "no option 'image_size'"),
        (dict(holdout=1), r'holdout must be a number in \[0, 1\), not 1'),
        (dict(holdout=-0.1), 'holdout must be'),
        (dict(holdout=float('nan')), 'holdout must be'),
        (dict(holdout='0.1'), "holdout must be .*not '0.1'"),
        (dict(part='test'), "part must be one of train, val, all, not 'test'"),
        (dict(part='val'), "part='val' needs holdout > 0"),
        (dict(part='val', holdout=1e-4), "part 'val' of 1437 samples is empty with holdout=0.0001"),
        (dict(part='train', holdout=0.9999), "part 'train' of 1437 samples is empty"),
        (dict(seed=None), 'seed must be a non-negative integer, not None'),
        (dict(seed=-1), 'seed must be'),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        LabelNoise(DIGITS, **options)


@pytest.mark.parametrize(
    'labels, message',
    [
        ([0, 1, 4], r'Row 2 of the data set CustomDataset: gt_label 4 is outside 0\.\.2 \(1 such rows\)'),
        ([0, -1, 1], 'Row 1 .*: gt_label -1 is negative'),
    ],
)
def test_bad_source_labels(tmp_path, labels, message):
    with pytest.raises(ValueError, match=message):
        LabelNoise(listed(tmp_path, labels, classes=['a', 'b', 'c']), pipeline=())


def test_empty_source(tmp_path):
    for serialize in (True, False):
        with pytest.raises((RuntimeError, ValueError), match='he data set CustomDataset .*is empty'):
            LabelNoise(listed(tmp_path, [], serialize_data=serialize))


def test_source_without_labels(tmp_path):
    (tmp_path / 'list.txt').write_text('0.jpg\n1.jpg\n')
    path = str(tmp_path / 'list.txt')
    with pytest.raises(ValueError, match='Row 0 of the data set CustomDataset: gt_label is empty'):
        LabelNoise(dict(type='CustomDataset', data_prefix=str(tmp_path), ann_file=path, with_label=False))


def test_map_with_numbers_survives_a_config_file(tmp_path):
    path = tmp_path / 'cfg.py'
    path.write_text("noise = dict(kind='asymmetric', rate=0.5, mapping={7: 1, '2': 7})\n")
    noise = Config.fromfile(path).noise
    save_to = str(tmp_path / 'labels.json')
    data = OURS.build(dict(type='mmnoisy.LabelNoise', source=DIGITS, noise=noise, save_to=save_to))
    assert set(data.gt_labels[data.clean_labels == 7]) == {1, 7}
    assert set(data.gt_labels[data.clean_labels == 2]) == {2, 7}
