"""Trials on several folds: the folds are disjoint, cover the data, and are judged together."""

import json

import numpy as np
import pytest

from mmnoisy.benchmark.worker import Pulse
from mmnoisy.datasets.label_noise import LabelNoise
from mmnoisy.search import pooled, worker
from mmnoisy.search.choice import complete, content
from mmnoisy.search.confirm import finalists
from mmnoisy.search.judge import predictions
from mmnoisy.search.leaderboard import leaderboard
from mmnoisy.search.space import find_space, read_space
from mmnoisy.search.trial import failure, make_trial, read_result, stopped_after
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


def test_a_search_holds_out_a_quarter_where_labels_are_few():
    def widened(share, **options):
        dataset = dict(type='mmnoisy.LabelNoise', source=dict(type='mmnoisy.Digits', split='train'), holdout=share)
        parts = {part: dict(dataset=dict(dataset, part=part, pipeline=[], **options)) for part in ('train', 'val')}
        return pooled.held_out({f'{part}_dataloader': loader for part, loader in parts.items()})

    keys = {'train_dataloader.dataset.holdout', 'val_dataloader.dataset.holdout'}
    assert widened(0.1) == dict.fromkeys(keys, 0.25)
    assert widened(0.3) == {} and widened(0.0) == {}
    given = dict(train_dataloader=dict(dataset=dict(holdout=0.1)), val_dataloader=dict(dataset=dict(type='Own')))
    assert pooled.held_out(given) == {}, 'validation images of their own'


@pytest.mark.parametrize('count, wider', [(10_000, 0.25), (25_000, 0.2), (100_000, None)])
def test_a_search_holds_out_no_more_labels_than_it_needs(monkeypatch, count, wider):
    monkeypatch.setattr(pooled.DATASETS, 'build', lambda cfg: range(count // 10))
    found = pooled.held_out({f'{part}_dataloader': dict(dataset=dict(holdout=0.1)) for part in ('train', 'val')})
    assert set(found.values()) == ({wider} if wider else set())


def finished(out, name, rights, judged_on, folds=3):
    """A trial that is judged on some folds, each of 100 labels, so many of them predicted."""
    folder = out / 'trials' / name
    for number, right in enumerate(rights):
        part = folder / f'fold-{number}'
        part.mkdir(parents=True)
        labels = np.zeros(100, dtype=int)
        scores = np.eye(2)[(np.arange(100) >= right).astype(int)]
        np.savez(part / 'val_predictions.npz', index=np.arange(100), pred_score=scores, label=labels)
    (folder / 'trial.json').write_text(json.dumps(dict(folds=folds)))
    if judged_on:
        told = dict(
            validation={'1': float(np.mean(rights))}, folds=folds, judged_on=judged_on, stopped=judged_on < folds
        )
        (folder / 'result.json').write_text(json.dumps(told))
    return folder


def test_a_trial_that_is_worse_on_the_first_folds_leaves_out_the_rest(tmp_path):
    worse, alike = finished(tmp_path, '1', [60], 0), finished(tmp_path, '2', [79, 80], 0)
    assert not pooled.is_behind(worse, 1), 'nobody to be behind of'
    finished(tmp_path, '3', [90], 1)
    assert not pooled.is_behind(worse, 1), 'and none of fewer folds'
    finished(tmp_path, '4', [80, 82, 84], 3), finished(tmp_path, '5', [50, 50, 50], 3)
    assert pooled.is_behind(worse, 1) and not pooled.is_behind(alike, 1) and not pooled.is_behind(alike, 2)


def test_a_race_ends_a_trial_and_says_so(tmp_path, monkeypatch):
    base = tiny_base(tmp_path, 'features', write_bank(tmp_path / 'bank'))
    space = read_space(find_space('features'), base=base, epochs=2)
    monkeypatch.setattr(pooled, 'is_behind', lambda folder, done: done == 2)
    raced = make_trial(tmp_path / 'trials/0', space, complete(space), folds=3, race=True)
    whole = make_trial(tmp_path / 'trials/1', space, complete(space), folds=3)
    for folder in (raced, whole):
        worker.run_one(folder, Pulse(None))
    assert stopped_after(read_result(raced)) == '2 of 3 folds' and stopped_after(read_result(whole)) is None
    assert set(predictions(raced).rows // 10**8) == {0, 1} and not (raced / 'fold-2/result.json').exists()
    (raced / 'result.json').write_text((raced / 'result.json').read_text().replace('"1": ', '"1": 9'))
    board = leaderboard(tmp_path)
    assert [entry.partial for entry in board.entries] == [False, True], 'another accuracy'
    assert [entry.stopped for entry in finalists(board.entries, 2)] == [None]
