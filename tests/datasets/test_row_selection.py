import csv
import json

import numpy as np
import pytest
from mmengine.registry import init_default_scope

from mmnoisy.datasets import LabelNoise
from mmnoisy.datasets.row_selection import threshold_mask
from mmnoisy.datasets.samples_file import given_labels


def digits(**kwargs):
    init_default_scope('mmpretrain')
    options = dict(noise=dict(kind='symmetric', rate=0.4), holdout=0.1, pipeline=[])
    return LabelNoise(dict(type='mmnoisy.Digits'), **{**options, **kwargs})


def write(path, dataset, is_issue, checksum=None, rows=slice(None)):
    with path.open('w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['source_idx', 'given_label', 'suggested_label', 'score', 'is_issue'])
        for row in list(zip(dataset.source_idx, dataset.given_labels, is_issue))[rows]:
            writer.writerow([row[0], row[1], '', 0.5, int(row[2])])
    path.with_name(path.name + '.meta.json').write_text(json.dumps(dict(checksum=checksum or dataset.checksum)))
    return str(path)


def test_keep_leaves_the_flagged_rows_out(tmp_path):
    dataset = digits()
    is_issue = np.arange(len(dataset)) % 3 == 0
    kept = digits(keep=write(tmp_path / 'samples.csv', dataset, is_issue))
    assert np.array_equal(kept.source_idx, dataset.source_idx[~is_issue])
    for name in ('gt_labels', 'clean_labels'):
        assert np.array_equal(getattr(kept, name), getattr(dataset, name)[~is_issue])
    assert kept.get_data_info(1)['sample_idx'] == 1 and kept.get_data_info(1)['source_idx'] == dataset.source_idx[2]


@pytest.mark.parametrize(
    'written, read, message',
    [
        (dict(seed=0), dict(seed=1), 'other labels|does not judge'),
        (dict(holdout=0.0), dict(holdout=0.0, noise=dict(kind='pairflip', rate=0.4)), 'other labels'),
        (dict(holdout=0.1), dict(holdout=0.0), r'does not judge 145 of the 1437 rows'),
    ],
)
def test_keep_refuses_a_file_of_other_labels(tmp_path, written, read, message):
    dataset = digits(**written)
    path = write(tmp_path / 'samples.csv', dataset, np.zeros(len(dataset)))
    with pytest.raises(ValueError, match=message):
        digits(keep=path, **read)


def test_keep_refuses_a_file_of_another_data_set(tmp_path):
    dataset = digits()
    path = write(tmp_path / 'samples.csv', dataset, np.zeros(len(dataset)), checksum='sha256:0123456789abcdef')
    with pytest.raises(ValueError, match=r'samples.csv.* was made for another data set'):
        digits(keep=path)


@pytest.mark.parametrize(
    'content, message',
    [
        ('a,b\n1,2\n', 'no samples.csv: it needs the columns source_idx, given_label, is_issue'),
        ('', 'no samples.csv'),
        ('source_idx,given_label,is_issue\n0,1,0\n1,x,0\n', r"line 3: 'x' is no whole number"),
        ('source_idx,given_label,is_issue\n0,1,0\n0,1,0\n', 'names a source_idx twice'),
    ],
)
def test_keep_refuses_what_is_no_samples_csv(tmp_path, content, message):
    path = tmp_path / 'samples.csv'
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        digits(keep=str(path))


def test_keep_refuses_to_drop_everything_and_a_missing_file(tmp_path):
    dataset = digits()
    with pytest.raises(ValueError, match='keeps no sample'):
        digits(keep=write(tmp_path / 'samples.csv', dataset, np.ones(len(dataset))))
    with pytest.raises(FileNotFoundError, match='nothing.csv'):
        digits(keep=str(tmp_path / 'nothing.csv'))
    with pytest.raises(ValueError, match="not for part='val'"):
        digits(part='val', keep='samples.csv')


def test_threshold_sets_are_disjoint_and_change_nothing_else():
    plain, sets = digits(), [digits(threshold_samples=dict(index=index)) for index in range(3)]
    masks = np.stack([dataset.threshold_mask for dataset in sets])
    assert (masks.sum(1) == len(plain) // 11).all() and masks.sum(0).max() == 1
    for dataset, mask in zip(sets, masks):
        assert (dataset.gt_labels[mask] == 10).all() and np.array_equal(
            dataset.gt_labels[~mask], plain.gt_labels[~mask]
        )
        assert np.array_equal(given_labels(dataset), plain.gt_labels)
        assert np.array_equal(dataset.source_idx, plain.source_idx)
        assert dataset.noise_summary() == plain.noise_summary()
        row = int(mask.argmax())
        assert dataset.get_data_info(row)['gt_label'] == 10


def test_threshold_sets_of_another_seed_differ():
    masks = [threshold_mask(np.arange(1000) % 10, 10, np.random.default_rng(seed)) for seed in (0, 0, 1)]
    assert np.array_equal(masks[0], masks[1]) and not np.array_equal(masks[0], masks[2])


@pytest.mark.parametrize(
    'labels, index, message',
    [
        (np.zeros(100, int), 11, r'index must be in 0..10, not 11'),
        (np.zeros(10, int), 0, 'at least 11 samples, not 10'),
        (np.arange(1000), 0, r'all 1 samples of class \d+ would become threshold samples'),
    ],
)
def test_threshold_samples_refuse(labels, index, message):
    with pytest.raises(ValueError, match=message):
        threshold_mask(labels, 10, np.random.default_rng(0), index)


def test_a_long_tail_falls_geometrically_by_the_true_labels_before_noise_is_drawn():
    whole = digits(part='all', noise=None)
    tail = digits(part='all', long_tail=dict(ratio=20))
    before, after = np.bincount(whole.gt_labels), np.bincount(tail.clean_labels)
    assert after.tolist() == [round(n * 20 ** (-k / 9)) for k, n in enumerate(before)]
    assert np.array_equal(np.sort(tail.source_idx), np.unique(tail.source_idx))
    # 40 % of what is left, not of what was there.
    assert (tail.gt_labels != tail.clean_labels).mean() == pytest.approx(0.4, abs=0.01)
    parts = [digits(part=part, long_tail=dict(ratio=20)) for part in ('train', 'val')]
    assert sorted(np.concatenate([part.source_idx for part in parts])) == sorted(tail.source_idx)
    assert set(digits(part='all', long_tail=dict(ratio=20), seed=1).source_idx) != set(tail.source_idx)
    # At least one sample of each class, and a ratio of 1 leaves all.
    assert np.bincount(digits(part='all', long_tail=dict(ratio=1e6)).clean_labels)[9] == 1


def test_a_long_tail_does_not_change_the_other_draws():
    plain, tail = digits(part='all'), digits(part='all', long_tail=dict(ratio=1))
    assert np.array_equal(plain.gt_labels, tail.gt_labels) and np.array_equal(plain.source_idx, tail.source_idx)


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(long_tail=dict(ratio=0.5)), 'ratio must be a number of at least 1, not 0.5'),
        (dict(long_tail=dict(rate=2)), "no option 'rate', only ratio"),
        (dict(long_tail=20), 'long_tail must be a dict with ratio'),
        (dict(long_tail=dict(ratio=20), noise=None), 'long_tail needs known true labels'),
    ],
)
def test_a_bad_long_tail(options, message):
    with pytest.raises(ValueError, match=message):
        digits(**options)
