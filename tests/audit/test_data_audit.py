import csv
import json
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from mmnoisy.audit import audit, data_audit, fix, judge_by_scores, small_network
from mmnoisy.audit import kfold as kfold_module
from mmnoisy.audit import small_images as small_module
from mmnoisy.audit.small_images import small_images
from mmnoisy.datasets import CSVDataset, LabelNoise
from mmnoisy.datasets.label_file import checksum
from mmnoisy.datasets.samples_file import read_meta, read_rows
from tests.audit.synthetic import gaussian_classes

CLASSES = [f'digit "{number}", ü' for number in range(10)]


def digit_files(root, size):
    """Digits as PNG files, a quarter with another label; file 3 is empty, 5 is a copy of 4, and 7 is a test image."""
    root.mkdir()
    digits = load_digits()
    clean = digits.target[:size]
    rng = np.random.default_rng(0)
    labels = np.where(rng.random(size) < 0.25, (clean + rng.integers(1, 10, size)) % 10, clean)
    paths = [root / f'{i}.png' for i in range(size)]
    for i, path in enumerate(paths):
        cv2.imwrite(str(path), (digits.images[4 if i == 5 else i] * 15).astype(np.uint8))
    paths[3].write_bytes(b'')
    split = np.where(np.arange(size) == 7, 'test', np.where(np.arange(size) % 10 == 0, 'val', 'train'))
    paths = [str(path) for path in paths]
    data = SimpleNamespace(paths=paths, labels=labels, classes=CLASSES, split=split, source=str(root), kind='folder')
    return data, clean


@pytest.fixture(scope='module')
def digits(tmp_path_factory):
    root = tmp_path_factory.mktemp('own')
    data, clean = digit_files(root / 'digits', 600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(small_network, '_ITERATIONS', 100)
        found = audit(data, root / 'audit', judges=['dynamics'], command='mmnoisy audit x')
    return data, clean, root / 'audit', found


def read(folder):
    with (folder / 'issues.csv').open(newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file)), json.loads((folder / 'audit.json').read_text(encoding='utf-8'))


@pytest.mark.smoke
def test_dynamics_find_wrong_labels_of_digits(digits):
    data, clean, _, found = digits
    wrong = (data.labels != clean)[found.rows]
    assert roc_auc_score(wrong, -found.issues.score) > 0.97
    repaired = np.where(found.issues.is_issue, found.issues.suggested, found.issues.labels)
    assert (repaired == clean[found.rows]).mean() > (~wrong).mean() + 0.12


def test_the_list_of_issues(digits):
    data, _, folder, found = digits
    rows, _ = read(folder)
    assert list(rows[0]) == [
        *('path', 'given_label', 'suggested_label', 'given_index', 'suggested_index', 'score', 'suggested_score'),
        *('is_issue', 'dynamics', 'aum', 'duplicate_of', 'source_idx'),
    ]
    assert sorted(int(row['source_idx']) for row in rows) == [i for i in range(600) if i not in (3, 7)]
    for row in rows:
        index = int(row['source_idx'])
        assert row['path'] == data.paths[index] and row['given_label'] == CLASSES[data.labels[index]]
        assert (
            row['given_index'] == str(data.labels[index])
            and row['suggested_label'] == CLASSES[int(row['suggested_index'])]
        )
        assert row['duplicate_of'] == (data.paths[4] if index == 5 else '')
    scores = [float(row['score']) for row in rows]
    assert scores == sorted(scores)
    assert read_meta(folder / 'issues.csv') == dict(checksum=checksum(data.labels), classes=CLASSES)


def test_the_summary(digits):
    data, _, folder, found = digits
    _, summary = read(folder)
    assert summary['classes'] == CLASSES and summary['num_images'] == 599 and summary['command'] == 'mmnoisy audit x'
    assert [entry['path'] for entry in summary['unreadable']] == [data.paths[3]]
    assert data.paths[3] not in summary['unreadable'][0]['reason']
    rate = summary['noise_rate']
    assert rate['low'] <= rate['estimate'] <= rate['high'] and 0.1 < rate['estimate'] < 0.4
    flagged = [entry['flagged'] for entry in summary['noise_by_class']]
    assert sum(flagged) == found.issues.is_issue.sum() == summary['num_issues']
    assert [entry['class'] for entry in summary['noise_by_class']] == CLASSES
    matrix = np.array(summary['transition']['matrix'])
    np.testing.assert_allclose(matrix.sum(1), 1, atol=1e-3)
    pair = summary['near_duplicates'][0]
    assert (pair['path'], pair['other']) == (data.paths[4], data.paths[5]) and pair['similarity'] == 1
    assert pair['labels'] == [CLASSES[data.labels[row]] for row in (4, 5)]
    assert (
        set(summary['seconds']) == {'images', 'dynamics', 'witness', 'judges', 'total'} and summary['backbone'] is None
    )
    assert (
        0 < summary['judges']['dynamics']['accuracy'] < 1
        and len(json.loads((folder / 'neighbours.json').read_text())) == 598
    )


def test_a_second_audit_reads_what_is_there(digits, monkeypatch):
    data, _, folder, found = digits

    def refuse(*args):
        raise AssertionError('done again')

    monkeypatch.setattr(small_network, '_ITERATIONS', 100)
    monkeypatch.setattr(small_network.Runner, 'from_cfg', refuse)
    monkeypatch.setattr(small_module, '_part', refuse)
    again = audit(data, folder, judges=['dynamics'])
    assert np.array_equal(again.issues.score, found.issues.score)
    with pytest.raises(AssertionError, match='done again'):  # other labels are other work
        audit(SimpleNamespace(**{**vars(data), 'labels': (data.labels + 1) % 10}), folder, judges=['dynamics'])


def test_the_list_drops_rows_from_a_training_set(digits, tmp_path):
    data, _, folder, found = digits
    # Of the images that the audit judged: the others would be refused, as they are not in the list.
    fixed = fix(folder, 'drop', out=tmp_path / 'clean.csv')
    assert fixed.unreadable[0][0] == data.paths[3]
    kept = CSVDataset(ann_file=str(fixed.out), classes=CLASSES)
    assert len(kept) == 598 - found.issues.is_issue.sum() and data.paths[3] not in {row[0] for row in fixed.rows}
    assert (kept.get_gt_labels() == [CLASSES.index(label) for _, label, _ in fixed.rows]).all()


def test_an_audit_as_judge_of_the_next(digits, tmp_path):
    data, _, folder, found = digits
    again = audit(data, tmp_path / 'next', judges=[folder / 'issues.csv'])
    assert [judge.name for judge in again.issues.judges] == ['audit']
    assert np.array_equal(again.issues.is_issue, found.issues.is_issue)
    np.testing.assert_allclose(again.issues.score, found.issues.score, atol=1e-8)
    other = SimpleNamespace(**{**vars(data), 'labels': (data.labels + 1) % 10})
    with pytest.raises(ValueError, match='other labels'):
        audit(other, tmp_path / 'other', judges=[folder / 'issues.csv'])


def test_folds_go_on_where_they_were_killed(tmp_path, monkeypatch):
    data, clean = digit_files(tmp_path / 'digits', 200)
    small = small_images(data.paths, tmp_path / 'small')
    labels, clean = data.labels[small.readable], clean[small.readable]
    args = (small.file, labels, CLASSES, tmp_path / 'kfold', 'key')
    judge = kfold_module.judge_by_kfold
    train, trained = kfold_module.train_network, []

    class Killed(Exception):
        pass

    def killed_in_the_second(cfg):
        trained.append(cfg.work_dir)
        if len(trained) == 2:
            cfg = cfg.copy()
            cfg.train_cfg.max_epochs = 5
            train(cfg)
            raise Killed
        return train(cfg)

    monkeypatch.setattr(small_network, '_ITERATIONS', 0)
    monkeypatch.setattr(kfold_module, 'train_network', killed_in_the_second)
    with pytest.raises(Killed):
        judge(*args, folds=2, epochs=15)
    found = judge(*args, folds=2, epochs=15)
    assert trained[2] == trained[1] != trained[0] and len(trained) == 3
    assert (found.choice == clean).mean() > 0.5
    # Not seen while training: a label that its own fold memorised would be its choice.
    assert found.accuracy(labels) < 0.8
    monkeypatch.setattr(kfold_module, 'train_network', None)
    assert np.array_equal(judge(*args, folds=2, epochs=15).score, found.score)


def test_small_images_name_what_cannot_be_read(tmp_path, monkeypatch):
    data, _ = digit_files(tmp_path / 'digits', 30)
    monkeypatch.setattr(small_module, '_PART', 7)
    found = small_images([*data.paths, str(tmp_path / 'none.png')], tmp_path / 'small')
    assert [path for path, _ in found.problems] == [data.paths[3], str(tmp_path / 'none.png')]
    assert not found.readable[[3, 30]].any() and found.readable.sum() == 29
    images = np.load(found.file)
    assert images.shape == (29, 8, 8, 3) and images.dtype == np.uint8
    assert np.array_equal(images[3][..., 0], cv2.imread(data.paths[4], cv2.IMREAD_GRAYSCALE))
    calls = []
    part = small_module._part
    monkeypatch.setattr(small_module, '_part', lambda pool, paths, size: calls.append(paths) or part(pool, paths, size))
    cv2.imwrite(data.paths[8], np.full((8, 8), 77, np.uint8))
    small_images([*data.paths, str(tmp_path / 'none.png')], tmp_path / 'small')
    assert calls == [data.paths[7:14]] and (np.load(found.file)[7] == 77).all()
    with pytest.raises(ValueError, match='None of the 1 images can be read'):
        small_images([data.paths[3]], tmp_path / 'void')


@pytest.fixture
def with_features(monkeypatch, tmp_path):
    """Data whose features come from a table; image 9 cannot be read."""
    features, clean, given = gaussian_classes(size=300)
    features[30] = features[20]
    paths = [str(tmp_path / f'{i}.png') for i in range(300)]
    readable = np.arange(300) != 9

    def table(chosen, *args):
        rows = [paths.index(path) for path in chosen]
        return features[rows], readable[rows], [(paths[9], 'it is empty.')]

    monkeypatch.setattr(data_audit, '_features', table)
    monkeypatch.setattr(data_audit, '_default_judges', lambda backbone: (['probe', 'knn'], []))
    split = np.full(300, 'train')
    return SimpleNamespace(paths=paths, labels=given, classes=list('abcd'), split=split, source='x', kind='csv'), clean


@pytest.mark.smoke
def test_probe_and_knn_by_default(with_features, tmp_path):
    data, clean = with_features
    found = audit(data, tmp_path / 'audit')
    rows, summary = read(tmp_path / 'audit')
    assert list(summary['judges']) == ['probe', 'knn'] and summary['backbone'] == 'efficientnet_lite0'
    assert len(rows) == 299 and roc_auc_score((data.labels != clean)[found.rows], -found.issues.score) > 0.97
    assert {row['path']: row['duplicate_of'] for row in rows if row['duplicate_of']} == {data.paths[30]: data.paths[20]}
    neighbours = json.loads((tmp_path / 'audit/neighbours.json').read_text())
    assert len(neighbours) == 299 and all(len(entry) == 5 for entry in neighbours.values())
    for entry in neighbours[rows[0]['source_idx']]:
        assert (
            entry['label'] == data.classes[data.labels[data.paths.index(entry['path'])]]
            and -1 <= entry['similarity'] <= 1
        )


def test_the_training_set_keeps_what_the_audit_does_not_flag(with_features, tmp_path, monkeypatch):
    data, _ = with_features
    monkeypatch.setattr(data_audit, '_features', lambda *args: (gaussian_classes(size=300)[0], np.ones(300, bool), []))
    found = audit(data, tmp_path / 'audit')
    lines = [f'{path},{data.classes[label]}' for path, label in zip(data.paths, data.labels)]
    (tmp_path / 'train.csv').write_text('\n'.join(['path,label', *lines]))
    source = dict(type='mmnoisy.CSVDataset', ann_file=str(tmp_path / 'train.csv'), check_files=False)
    kept = LabelNoise(source, keep=str(tmp_path / 'audit/issues.csv'), pipeline=[])
    assert np.array_equal(kept.source_idx, np.sort(found.rows[~found.issues.is_issue]))
    assert [row['given_index'] for row in read_rows(tmp_path / 'audit/issues.csv')][0] in range(4)


def test_a_judge_of_ones_own_beside_them(with_features, tmp_path):
    data, _ = with_features
    labels = np.delete(data.labels, 9)
    mine = judge_by_scores('mine', labels, np.full(299, 0.9), np.zeros(299, bool))
    found = audit(data, tmp_path / 'audit', judges=['knn', mine])
    assert [judge.name for judge in found.issues.judges] == ['knn', 'mine'] and not found.issues.is_issue.any()


@pytest.mark.parametrize(
    'judges, change, message',
    [
        (['forest'], {}, "no judge 'forest'"),
        ([], {}, 'needs a judge'),
        (['knn'], dict(split=np.full(300, 'test')), 'no images in train or val'),
        (['knn'], dict(labels=np.zeros(300, int)), 'two classes'),
    ],
)
def test_what_cannot_be_audited(with_features, tmp_path, judges, change, message):
    data = SimpleNamespace(**{**vars(with_features[0]), **change})
    with pytest.raises(ValueError, match=message):
        audit(data, tmp_path / 'audit', judges=judges)
    assert not (tmp_path / 'audit').exists()
