import numpy as np
import pytest
from mmpretrain.registry import DATASETS

SOURCE = dict(type='mmnoisy.Digits')
NOISE = dict(kind='symmetric', rate=0.4)


def build(**kwargs):
    kwargs = dict(dict(source=SOURCE, noise=NOISE, holdout=0.1), **kwargs)
    return DATASETS.build(dict(type='mmnoisy.LabelNoise', _scope_='mmpretrain', **kwargs))


def test_trusted_samples_per_class_carry_true_labels_and_change_nothing_else():
    plain, trusted = build(), build(trusted=dict(per_class=7))
    rows = trusted.trusted_idx
    assert np.bincount(trusted.clean_labels[rows]).tolist() == [7] * 10
    assert (trusted.gt_labels[rows] == trusted.clean_labels[rows]).all()
    assert (plain.gt_labels[rows] != plain.clean_labels[rows]).any()
    others = np.setdiff1d(np.arange(len(plain)), rows)
    assert (plain.source_idx == trusted.source_idx).all()
    assert (plain.gt_labels[others] == trusted.gt_labels[others]).all()


def test_trusted_samples_from_a_csv(tmp_path):
    plain = build()
    path = tmp_path / 'trusted.csv'
    chosen = plain.source_idx[[5, 17, 40]]
    held_out = build(part='val').source_idx[0]
    path.write_text(
        'source_idx,label\n' + ''.join(f'{row},{label}\n' for row, label in zip([*chosen, held_out], (3, 1, 9, 2)))
    )
    dataset = build(trusted=dict(path=str(path)))
    assert dataset.trusted_idx.tolist() == [5, 17, 40]
    assert dataset.gt_labels[[5, 17, 40]].tolist() == [3, 1, 9]
    assert build(noise=None, trusted=dict(path=str(path))).trusted_idx.tolist() == [
        int(np.flatnonzero(build(noise=None).source_idx == row)[0])
        for row in chosen
        if row in build(noise=None).source_idx
    ]


@pytest.mark.parametrize(
    ('trusted', 'message'),
    [
        (dict(per_class=1000), 'class 0 has .* fewer than trusted per_class=1000'),
        (dict(), 'trusted must be'),
        (dict(path='nowhere.csv'), 'nowhere.csv does not exist'),
    ],
)
def test_bad_trusted_options(trusted, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        build(trusted=trusted)


def test_per_class_needs_known_true_labels():
    with pytest.raises(ValueError, match='known true labels'):
        build(noise=None, trusted=dict(per_class=3))


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('row,label\n1,2\n', 'source_idx'),
        ('source_idx,label\n1,10\n', "line 2: label '10' is none of the 10 classes"),
        ('source_idx,label\n1,2\n99999,2\n', 'line 3: source_idx 99999 is outside'),
        ('source_idx,label\n1,cat\n', "line 2: label 'cat' is none of the 10 classes"),
    ],
)
def test_bad_trusted_files(tmp_path, content, message):
    path = tmp_path / 'trusted.csv'
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        build(trusted=dict(path=str(path)))
