"""Trials on several folds: the folds are disjoint, cover the data, and are judged together."""

import json

import numpy as np
import pytest

from mmnoisy.benchmark.worker import Pulse
from mmnoisy.datasets.label_noise import LabelNoise
from mmnoisy.search import pooled, worker
from mmnoisy.search.choice import complete, content
from mmnoisy.search.judge import predictions
from mmnoisy.search.space import find_space, read_space
from mmnoisy.search.trial import failure, make_trial, read_result
from tests.search.tiny import tiny_base, write_bank

pytest.importorskip('optuna')


def split(part, **options):
    source = dict(type='mmnoisy.Digits', split='train')
    noise = dict(kind='symmetric', rate=0.4)
    return LabelNoise(source, noise, seed=3, part=part, pipeline=[dict(type='PackInputs')], **options)


def test_folds_are_disjoint_cover_the_data_and_do_not_change_labels():
    parts = [split('val', holdout=0.25, fold=fold) for fold in range(4)]
    rows = np.concatenate([part.source_idx for part in parts])
    assert sorted(rows) == list(range(1437))
    labels = split('all').gt_labels
    for fold, part in enumerate(parts):
        assert (labels[part.source_idx] == part.gt_labels).all()
        rest = split('train', holdout=0.25, fold=fold).source_idx
        assert not np.intersect1d(rest, part.source_idx).size and len(rest) + len(part.source_idx) == 1437
    # The first fold is what there was before there were folds.
    assert (split('val', holdout=0.25).source_idx == parts[0].source_idx).all()


@pytest.mark.parametrize('holdout, fold', [(0.25, 4), (0.1, -1), (0.1, 1.0), (0.0, 1), (0.1, True)])
def test_folds_that_do_not_exist_are_refused(holdout, fold):
    with pytest.raises(ValueError, match='LabelNoise: fold'):
        split('train', holdout=holdout, fold=fold)


def test_a_trial_of_folds_is_judged_by_all_of_them(tmp_path):
    base = tiny_base(tmp_path, 'features', write_bank(tmp_path / 'bank'))
    space = read_space(find_space('features'), base=base, epochs=2)
    assert pooled.folds_needed(content(space, complete(space))) == 3, '90 of 300 are held out'
    folder = make_trial(tmp_path / 'trials/0', space, complete(space), folds=3)
    assert worker.run_one(folder, Pulse(None)) and failure(folder) is None
    result = read_result(folder)
    each = [json.loads((folder / f'fold-{k}/result.json').read_text())['validation'] for k in range(3)]
    for epoch in ('1', '2'):
        assert result['validation'][epoch] == pytest.approx(np.mean([curve[epoch] for curve in each]), abs=0.1)
    found = predictions(folder)
    assert len(found.rows) == len(set(found.rows)) == 3 * 90
    assert result['seconds']['train'] > 0 and not result['test']


def test_a_fold_that_fails_fails_the_trial(tmp_path):
    base = tiny_base(tmp_path, 'features', write_bank(tmp_path / 'bank'))
    space = read_space(find_space('features'), base=base, epochs=2)
    options = {'train_dataloader.dataset.source.label': 'nothing'}
    folder = make_trial(tmp_path / 'trials/0', space, complete(space), folds=2, options=options)
    worker.run_one(folder, Pulse(None))
    assert failure(folder).startswith('RuntimeError: fold-0: ') and 'nothing' in failure(folder)
