import json
import os

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmpretrain.registry import DATASETS

from mmnoisy.datasets import LabelNoise
from mmnoisy.datasets.identity import check_sample_index, first_rows

# mmengine's serialisation collects garbage, which takes long in a large process.
DIGITS = dict(type='mmnoisy.Digits', serialize_data=False)
SYM = dict(kind='symmetric', rate=0.4)
PACK = [dict(type='PackInputs')]
OVERSAMPLED = dict(type='ClassBalancedDataset', oversample_thr=0.2, dataset=DIGITS)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmpretrain')


def listed(tmp_path, rows, **kwargs):
    (tmp_path / 'list.csv').write_text('path,label\n' + ''.join(f'{path},{label}\n' for path, label in rows))
    return dict(
        type='mmnoisy.CSVDataset',
        data_root=str(tmp_path),
        ann_file='list.csv',
        check_files=False,
        pipeline=[],
        **kwargs,
    )


def paths(dataset):
    return [dataset.get_data_info(row)['img_path'] for row in range(len(dataset))]


@pytest.mark.parametrize(
    'source, noise',
    [
        (dict(type='RepeatDataset', times=3, dataset=DIGITS), SYM),
        (OVERSAMPLED, dict(kind='instance', rate=0.4)),
        (dict(type='ConcatDataset', datasets=[DIGITS, DIGITS]), SYM),
        (
            dict(type='RepeatDataset', times=2, dataset=dict(type='ConcatDataset', datasets=[OVERSAMPLED, DIGITS])),
            None,
        ),
    ],
    ids=['repeat', 'oversample', 'twice', 'nested'],
)
def test_repeats_have_the_labels_and_the_split_of_the_images(source, noise):
    for part in ('train', 'val'):
        plain, repeated = (LabelNoise(s, noise, holdout=0.1, part=part, pipeline=PACK) for s in (DIGITS, source))
        np.testing.assert_array_equal(plain.gt_labels, repeated.gt_labels)
        for row in range(0, len(plain), 50):
            np.testing.assert_array_equal(*(data.get_data_info(row)['img'] for data in (plain, repeated)))


def test_the_warning_says_how_to_repeat(monkeypatch):
    lines = []
    monkeypatch.setattr('mmnoisy.datasets.label_noise.print_log', lambda text, **kwargs: lines.append(text))
    LabelNoise(dict(type='RepeatDataset', times=2, dataset=DIGITS), SYM, pipeline=PACK)
    assert 'the 2874 rows of the source are 1437 images; each is taken once' in lines[0]


def test_a_file_listed_twice_is_one_image(tmp_path):
    rows = [('a.png', 'cat'), ('b.png', 'dog'), ('./a.png', 'cat'), ('c.png', 'dog'), ('x/../b.png', 'dog')]
    data = LabelNoise(listed(tmp_path, rows))
    assert data.source_idx.tolist() == [0, 1, 3] and data.gt_labels.tolist() == [0, 1, 1]
    files = [(f'{i}.png', 'cat' if i % 2 else 'dog') for i in range(40)]
    source = listed(tmp_path, [*files, *files[::-1]])
    train, val = (LabelNoise(source, SYM, holdout=0.25, part=part) for part in ('train', 'val'))
    assert not set(paths(train)) & set(paths(val)) and len(train) + len(val) == 40


def test_a_file_with_two_labels_is_refused_or_dropped(tmp_path):
    source = listed(tmp_path, [('a.png', 'cat'), ('b.png', 'dog'), ('a.png', 'dog'), ('c.png', 'cat')])
    with pytest.raises(
        ValueError, match=r"1 images are listed .*/a.png \(labels cat, dog; 2 rows\). .*conflicts='drop'"
    ):
        LabelNoise(source)
    assert LabelNoise(source, conflicts='drop').source_idx.tolist() == [1, 3]


def test_label_files_have_one_label_an_image(tmp_path):
    source = dict(type='RepeatDataset', times=2, dataset=DIGITS)
    path = tmp_path / 'labels.json'
    saved = LabelNoise(source, SYM, pipeline=PACK, save_to=str(path))
    noise = dict(kind='label_file', path=str(path))
    np.testing.assert_array_equal(LabelNoise(source, noise, pipeline=PACK).gt_labels, saved.gt_labels)
    content = json.loads(path.read_text())
    content['labels'][1437] = (content['labels'][1437] + 1) % 10
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match='rows 0 and 1437 are the same image, row 1437 of .*different labels'):
        LabelNoise(source, noise, pipeline=PACK)


def test_trusted_rows_are_those_of_the_image(tmp_path):
    rows = [('a.png', 'cat'), ('b.png', 'dog'), ('c.png', 'dog'), ('b.png', 'dog')]
    source, trusted = listed(tmp_path, rows), tmp_path / 'trusted.csv'
    trusted.write_text('source_idx,label\n3,cat\n0,cat\n1,cat\n')
    data = LabelNoise(source, trusted=dict(path=str(trusted)))
    assert data.trusted_idx.tolist() == [1, 0] and data.gt_labels.tolist() == [0, 0, 1]
    trusted.write_text('source_idx,label\n3,cat\n1,dog\n')
    with pytest.raises(ValueError, match='trusted.csv: the source_idx 3 and 1 are the same image'):
        LabelNoise(source, trusted=dict(path=str(trusted)))


def test_per_sample_state_needs_one_row_an_image(tmp_path):
    cfg = dict(type='mmnoisy.LabelNoise', source=DIGITS, noise=SYM, pipeline=PACK)
    assert check_sample_index(DATASETS.build(cfg), 'ELRLoss') == 1437
    assert check_sample_index(DATASETS.build(DIGITS), 'ELRLoss') == 1437
    inside = dict(cfg, source=dict(type='ConcatDataset', datasets=[DIGITS, dict(DIGITS, split='test')]))
    assert check_sample_index(DATASETS.build(inside), 'ELRLoss') == 1797
    for around in (
        dict(type='ConcatDataset', datasets=[cfg, dict(cfg, source=dict(DIGITS, split='test'))]),
        dict(type='RepeatDataset', times=2, dataset=cfg),
        dict(type='ClassBalancedDataset', oversample_thr=0.2, dataset=cfg),
    ):
        with pytest.raises(ValueError, match=f'ELRLoss keeps .*a {around["type"]}, row .* Join data sets inside'):
            check_sample_index(DATASETS.build(around), 'ELRLoss')
    twice = DATASETS.build(listed(tmp_path, [('a.png', 'cat'), ('b.png', 'dog'), ('a.png', 'cat')]))
    with pytest.raises(ValueError, match='1 images more than once, the first is .*a.png. Wrap it'):
        check_sample_index(twice, 'ELRLoss')


def test_noise_of_two_wrapped_sets_inside_another_is_refused():
    cfg = dict(type='mmnoisy.LabelNoise', source=DIGITS, noise=SYM, pipeline=PACK)
    both = dict(type='ConcatDataset', datasets=[cfg, dict(cfg, seed=1)])
    with pytest.raises(ValueError, match=r'images are listed more than once with different labels: row 0 of'):
        LabelNoise(both, pipeline=PACK)


def test_keep_says_what_it_drops(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr('mmnoisy.datasets.row_selection.print_log', lambda text, **kwargs: lines.append(text))
    path = tmp_path / 'samples.csv'
    data = LabelNoise(DIGITS, SYM)
    rows = ''.join(f'{row},{label},{int(row < 10)},0.5\n' for row, label in enumerate(data.gt_labels))
    path.write_text('source_idx,given_label,is_issue,score\n' + rows)
    assert len(LabelNoise(DIGITS, SYM, keep=str(path))) == 1427
    assert 'drops 10 of 1437 samples' in lines[0] and 'samples.csv.meta.json is missing' in lines[1]


@pytest.mark.parametrize(
    'paths',
    [
        ['a/b.png', 'a/c.png', 'a/b.png'],
        ['a/b.png', './a/b.png', 'a//b.png', 'a/x/../b.png', 'c/b.png'],
        ['/a/b.png', '/a/./b.png', '/a/c.png'],
        [os.path.abspath('b.png'), 'b.png'],
        ['..', '.', 'a/.', 'a'],
    ],
)
def test_paths_are_compared_as_files(paths):
    places = [os.path.abspath(path) for path in paths]
    assert first_rows(None, paths).tolist() == [places.index(place) for place in places]
