import csv
import json

import numpy as np
import pytest

from mmnoisy.evaluation.merging import merge_samples_csv
from mmnoisy.evaluation.noise_detection import detection_scores, selection_scores


def reference(score, flagged, wrong):
    """By definition: pairs for the AUC (ties count half), counts for the rest."""
    pairs = [(a < b) + 0.5 * (a == b) for a in score[wrong] for b in score[~wrong]]
    hits = (flagged & wrong).sum()
    precision, recall = hits / flagged.sum(), hits / wrong.sum()
    return np.mean(pairs), precision, recall, 2 * precision * recall / (precision + recall), flagged.sum()


def test_detection_scores():
    rng = np.random.default_rng(0)
    wrong, score = rng.random(80) < 0.3, rng.integers(0, 10, 80) / 10
    flagged = score < 0.4
    found = detection_scores(score, flagged, wrong)
    np.testing.assert_allclose([found[key] for key in ('auc', 'precision', 'recall', 'f1', 'flagged')],
                               reference(score, flagged, wrong), rtol=1e-12)  # yapf: disable


def test_samples_that_were_not_judged_do_not_count():
    score, wrong = np.array([0.1, np.nan, 0.9, np.nan]), np.array([True, True, False, False])
    assert detection_scores(score, np.array([True, False, False, True]), wrong) == dict(
        auc=1.0, precision=1.0, recall=1.0, f1=1.0, flagged=1
    )


def test_where_a_score_is_undefined():
    found = detection_scores(np.array([0.2, 0.7]), np.array([False, False]), np.array([False, False]))
    assert found == dict(precision=0.0, recall=0.0, f1=0.0, flagged=0)


def test_selection_scores():
    selected = np.array([True, True, True, False, False])
    assert selection_scores(selected, np.array([False, False, True, False, True])) == dict(
        label_precision=2 / 3, label_recall=2 / 3
    )
    assert selection_scores(~selected & selected, ~selected | selected) == dict(label_precision=0.0, label_recall=0.0)


def write(path, rows, checksum='sha256:a', clean=True):
    fields = ['source_idx', 'given_label', 'suggested_label', 'score', 'is_issue'] + ['clean_label'] * clean
    with path.open('w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(fields)
        writer.writerows(row[: len(fields)] for row in rows)
    path.with_name(path.name + '.meta.json').write_text(json.dumps(dict(checksum=checksum)))
    return path


FIRST = [(0, 3, 1, 0.2, 1, 1), (1, 2, 2, 0.25, 1, 2), (7, 4, 4, 0.5, 0, 4)]
SECOND = [(0, 3, 5, 0.4, 1, 1), (1, 2, 2, 0.75, 0, 2), (9, 6, 0, 0.1, 1, 0)]


def test_merge(tmp_path):
    scores = merge_samples_csv(
        [write(tmp_path / 'a.csv', FIRST), write(tmp_path / 'b.csv', SECOND)], tmp_path / 'c.csv'
    )
    with (tmp_path / 'c.csv').open(newline='') as file:
        merged = list(csv.DictReader(file))
    fields = ['source_idx', 'given_label', 'suggested_label', 'score', 'is_issue', 'clean_label']
    rows = [tuple(row[name] for name in fields) for row in merged]
    for row in merged:  # files of earlier versions grow
        assert all(row[f'{name}_index'] == row[f'{name}_label'] for name in ('given', 'suggested', 'clean'))
    assert rows == [('0', '3', '1', '0.3', '1', '1'), ('1', '2', '2', '0.5', '0', '2'), ('7', '4', '4', '0.5', '0', '4'),
                    ('9', '6', '0', '0.1', '1', '0')]  # yapf: disable
    assert scores == dict(auc=1.0, precision=1.0, recall=1.0, f1=1.0, flagged=2, label_precision=1.0, label_recall=1.0)
    assert json.loads((tmp_path / 'c.csv.meta.json').read_text())['checksum'] == 'sha256:a'


def test_merge_without_true_labels(tmp_path):
    paths = [write(tmp_path / 'a.csv', FIRST, clean=False), write(tmp_path / 'b.csv', SECOND, clean=False)]
    assert merge_samples_csv(paths, tmp_path / 'c.csv') == {}


@pytest.mark.parametrize(
    'second, checksum, message',
    [
        (SECOND, 'sha256:b', 'made for different data sets'),
        ([(0, 4, 1, 0.2, 1, 1)], 'sha256:a', 'source_idx 0 has the given_label 4, in an earlier file 3'),
    ],
)
def test_merge_refuses_other_data(tmp_path, second, checksum, message):
    paths = [write(tmp_path / 'a.csv', FIRST), write(tmp_path / 'b.csv', second, checksum)]
    with pytest.raises(ValueError, match=message):
        merge_samples_csv(paths, tmp_path / 'c.csv')


def test_merge_names_the_file_that_is_missing(tmp_path):
    with pytest.raises(ValueError, match='did its run score samples'):
        merge_samples_csv([tmp_path / 'none.csv'], tmp_path / 'c.csv')
