"""What a search leaves: a config that reruns to the figure of its trial, and the winner trained on all data."""

import json
from dataclasses import replace

import numpy as np
import pytest
from mmengine.config import Config

from mmnoisy.benchmark.worker import Pulse
from mmnoisy.run import forget_runs
from mmnoisy.search import confirm, worker
from mmnoisy.search.choice import complete
from mmnoisy.search.confirm import MARGIN, Finalist, behind, finalists, judged, right_by_sample, sentences
from mmnoisy.search.judge import Noise
from mmnoisy.search.judged import Judged
from mmnoisy.search.leaderboard import Entry, leaderboard, write_csv
from mmnoisy.search.refit import ensemble_accuracy, refit, write_best
from mmnoisy.search.refit import test_accuracy as accuracy_of
from mmnoisy.search.space import find_space, read_space
from mmnoisy.search.trial import PLAIN_ACCURACY, WITHOUT_TEST, make_trial, read_result, read_trial, trials
from mmnoisy.stages import main as train
from tests.search.tiny import tiny_base, write_bank

pytest.importorskip('optuna')


@pytest.fixture(scope='module')
def space(tmp_path_factory):
    folder = tmp_path_factory.mktemp('space')
    return read_space(find_space('features'), base=tiny_base(folder, 'features', write_bank(folder / 'bank')), epochs=3)


@pytest.mark.parametrize('parts', [dict(correction='elr'), dict(selection='ssr', regulariser='mixup')])
def test_best_py_reruns_to_the_figure_of_its_trial(space, tmp_path, parts):
    choice = complete(space, parts)
    folder = make_trial(tmp_path / 'trials/0', space, choice, seed=3, options=PLAIN_ACCURACY)
    worker.run_one(folder, Pulse(None))
    best = write_best(tmp_path / 'best.py', space, choice, 'The best.', {}, {}, seed=3)
    assert Config.fromfile(best).search_choice.parts.to_dict() == choice.parts
    train([str(best), '--work-dir', str(tmp_path / 'again'), '--cfg-options', 'log_level=ERROR'])
    forget_runs()
    again = json.loads((tmp_path / 'again/summary.json').read_text())
    assert again['val_accuracy_best'] == pytest.approx(max(read_result(folder)['validation'].values()), abs=1e-4)
    assert again['test_accuracy_last'] is not None


def test_the_refit_sees_all_data_up_to_the_median_epoch(space, tmp_path):
    # SSR takes its transforms from the validation data, of which there is none to measure.
    finalist = Finalist(complete(space, dict(selection='ssr')), 60.0, 59.0, [59.0], 1.0, 2, 1.0, chosen=True)
    run = refit(
        tmp_path / 'refit',
        space,
        finalist,
        options=WITHOUT_TEST,
        say=str,
    )
    assert json.loads((run / 'summary.json').read_text())['epochs'] == 2 and accuracy_of(run) is None
    with open(run / 'samples.csv') as file:
        assert len(file.read().splitlines()) == 301
    run = refit(tmp_path / 'other', space, finalist._replace(choice=complete(space)), say=str)
    assert ensemble_accuracy([run, run]) == pytest.approx(accuracy_of(run))


@pytest.mark.parametrize(
    'epochs, parts, reason',
    [
        (5, dict(), None),
        (4, dict(), '4 epochs are too few for its moving average of 3.'),
        (5, dict(selection='coteaching'), 'mmnoisy.CoTeaching trains more than one network.'),
        (5, dict(regulariser='mixup'), 'a mixed image has no prediction of its own.'),
        (5, dict(regulariser='ema'), 'the average of an EMAHook cannot be taken back.'),
    ],
)
def test_label_wave_chooses_the_last_epoch_where_it_can(space, tmp_path, epochs, parts, reason):
    space = replace(space, epochs=epochs)
    finalist = Finalist(complete(space, parts), 60.0, 59.0, [59.0], 1.0, 1, 1.0, chosen=True)
    said = []
    run = refit(tmp_path, space, finalist, options=WITHOUT_TEST, epoch='label_wave', say=said.append)
    trained = json.loads((run / 'summary.json').read_text())['epochs']
    assert (run / 'label_wave.json').is_file() is (reason is None)
    if reason is None:
        # Too few for a minimum with a patience of three: it trains to the end of the schedule.
        assert trained == 5 and said == [
            f'Training on all data, at most 5 epochs, ended by Label Wave: {finalist.choice}'
        ]
    else:
        assert trained == space.warmup + 1 and said[0] == (
            f'Label Wave cannot choose the last epoch: {reason} It is the median of the best ones.'
        )


def put(out, name, each, **about):
    """A result that never was, with its predictions."""
    folder = out / 'trials' / name
    folder.mkdir(parents=True)
    labels = np.arange(200) % 2
    right = np.arange(200) < 2 * each
    scores = np.eye(2)[np.where(right, labels, 1 - labels)]
    np.savez(folder / 'val_predictions.npz', index=np.arange(200), pred_score=scores, label=labels)
    (folder / 'trial.json').write_text('{}')
    told = dict(validation={'1': each, '2': each, '3': each}, test={}, stopped=False, **about)
    (folder / 'result.json').write_text(json.dumps(dict(told, choice=dict(parts=dict(loss=name[:1]), numbers={}))))


def test_confirmation_shows_the_winners_curse(tmp_path):
    for rank, (mean, seconds) in enumerate([(80.0, 10.0), (79.5, 2.0), (60.0, 1.0)]):
        for run in range(2):
            about = dict(rank=rank, run=run, fold=run, searched=85.0 - rank, seconds=dict(train=seconds))
            put(tmp_path, f'{rank}-{run}', mean, **about)
    found = judged(tmp_path)
    assert [one.mean for one in found] == [80.0, 79.5, 60.0]
    assert found[2].p < 0.01 < found[1].p
    # One of 200 labels behind: nothing shows that it is no worse.
    assert [one.chosen for one in found] == [True, False, False] and found[1].behind > MARGIN
    assert sentences(found)[-1].startswith('The best figure of the search was 5.00 points above')
    lucky = [one._replace(searched=one.mean - 2) for one in found]
    assert ' 2.00 points below the best' in sentences(lucky)[-1]


def test_a_tie_goes_to_the_cheaper(tmp_path):
    for rank, seconds in enumerate((10.0, 2.0, 2.2)):
        for run in range(2):
            about = dict(rank=rank, run=run, fold=run, searched=80.0, seconds=dict(train=seconds))
            put(tmp_path, f'{rank}-{run}', 80.0, **about)
    found = judged(tmp_path)
    assert [one.behind for one in found] == [0.0, 0.0, 0.0] and [one.seconds for one in found if one.chosen] == [2.0]
    assert sum('cheaper to train' in line for line in sentences(found)) == 1


def test_a_tie_is_one_of_clean_points(tmp_path, monkeypatch):
    for rank, seconds in enumerate((10.0, 2.0)):
        about = dict(rank=rank, run=0, fold=0, searched=80.0, seconds=dict(train=seconds))
        put(tmp_path, f'{rank}-0', 80.0 - rank, **about)
    monkeypatch.setattr(confirm, 'behind', lambda best, other: 0.6 * MARGIN * (best is not other))
    for rate, cheaper in ((0.1, True), (0.3, False)):
        # Of two classes a point on labels of which 30 % are wrong is 2.5 points of clean accuracy.
        monkeypatch.setattr(confirm, 'estimated_noise', lambda found, rate=rate: Noise(rate, 0.5, np.eye(2), 200))
        assert [one.chosen for one in judged(tmp_path)] == [not cheaper, cheaper]
        assert judged(tmp_path, balanced=False)[1].chosen, 'checked labels'


def test_what_is_behind_is_bounded_by_the_paired_samples():
    rng = np.random.default_rng(0)
    best, other = rng.random(400) < 0.6, rng.random(400) < 0.5
    hits = [{(0, i, 0): bool(hit) for i, hit in enumerate(row)} for row in (best, other)]
    each = 100 * (best.astype(float) - other)
    assert behind(*hits) == pytest.approx(each.mean() + 1.645 * each.std(ddof=1) / 20)
    # The same samples in another run are no more samples, those of another fold are.
    again = [{**one, **{(0, i, 1): one[0, i, 0] for i in range(400)}} for one in hits]
    assert behind(*again) == pytest.approx(behind(*hits))
    more = [{**one, **{(1, i, 1): one[0, i, 0] for i in range(400)}} for one in hits]
    assert each.mean() < behind(*more) < behind(*hits)
    assert behind({}, {}) == 0.0


def test_classes_count_alike_in_what_is_behind(tmp_path):
    labels = np.array([0] * 300 + [1] * 100)
    for name, share in (('a', 0.9), ('b', 0.6)):
        # Both are right in 210 of the large class; the first in more of the small one.
        right = np.concatenate([np.arange(300) < 210, np.arange(100) < 100 * share])
        folder = tmp_path / name
        folder.mkdir()
        scores = np.eye(2)[np.where(right, labels, 1 - labels)]
        np.savez(folder / 'val_predictions.npz', index=np.arange(400), pred_score=scores, label=labels)
    runs = [[dict(folder=tmp_path / name, fold=0, run=0)] for name in 'ab']
    plain, alike = (behind(*(right_by_sample(run, balanced) for run in runs)) for balanced in (False, True))
    # 30 of 100 are 7.5 points of 400 and 15 of two classes that count alike.
    assert 7.5 < plain < 10 and 15 < alike < 20


def test_a_search_that_went_on_confirms_its_new_finalists(space, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(confirm, 'run_grid', lambda *args, **kwargs: None)
    monkeypatch.setattr(
        confirm, 'judged', lambda out, balanced: [read_trial(folder)['choice'] for folder in trials(out)]
    )
    entries = [
        Entry(i, complete(space, dict(loss=loss)), 60.0, None, 1, None, 1.0, tmp_path)
        for i, loss in enumerate(('ce', 'gce', 'sce'))
    ]
    for chosen in (entries[:2], entries[:2], [entries[0], entries[2]]):
        found = confirm.confirm(tmp_path, space, chosen, 2, 1, say=said.append)
        assert [choice['parts']['loss'] for choice in found] == [
            entry.choice.parts['loss'] for entry in chosen for _ in '12'
        ]
    assert said == ['The search has gone on and has other finalists: they are confirmed anew.']


def test_finalists_differ_in_their_parts(tmp_path):
    for number, (name, value) in enumerate([('a', 80.0), ('a', 79.0), ('b', 78.0), ('a', 77.0), ('c', 60.0)]):
        put(tmp_path, f'{name}{number}', value, number=number, seconds=dict(train=1.0))
    entries = leaderboard(tmp_path).entries
    assert [entry.number for entry in finalists(entries, 2)] == [0, 2]
    assert [entry.number for entry in finalists(entries, 4)] == [0, 2, 4, 1]
    stopped = [entry._replace(stopped='epoch 1') for entry in entries]
    assert [entry.number for entry in finalists([*stopped[:4], entries[4]], 2)] == [4]
    assert [entry.number for entry in finalists(stopped, 2)] == [0]


def test_the_leaderboard_says_how_sure_it_is(tmp_path):
    for number, value in enumerate((80.0, 80.5, 79.5, 60.0)):
        put(tmp_path, f'{number}', value, number=number, seconds=dict(train=1.0))
    board = leaderboard(tmp_path)
    assert [entry.number for entry in board.entries] == [1, 0, 2, 3]
    assert any('Standard error' in note for note in board.notes) and not any('Warning' in note for note in board.notes)
    write_csv(board, tmp_path / 'leaderboard.csv')
    head, first, *_ = (tmp_path / 'leaderboard.csv').read_text().splitlines()
    assert head.startswith('rank,trial,noisy_validation,corrected,epoch') and first.startswith('1,1,80.5,')
    for folder in (tmp_path / 'trials').iterdir():
        if folder.name == '3':
            (folder / 'result.json').unlink()
    assert any(
        note.startswith('Warning: the best 3 trials differ by 1.00 points') for note in leaderboard(tmp_path).notes
    )
    assert leaderboard(tmp_path / 'none').entries == []


def test_checked_labels_are_not_called_noisy(tmp_path):
    for number, value in enumerate((80.0, 80.5)):
        put(tmp_path, f'{number}', value, number=number, seconds=dict(train=1.0))
    checked = Judged(trusted=True, folds=1)
    board = leaderboard(tmp_path, checked)
    assert board.notes[0] == 'Checked labels: 200 judge the trials.'
    assert not any('oisy' in note or 'wrong' in note or 'clean' in note for note in board.notes)
    assert all(entry.corrected is None for entry in board.entries), 'right labels are not corrected'
    write_csv(board, tmp_path / 'leaderboard.csv', checked)
    assert (tmp_path / 'leaderboard.csv').read_text().startswith('rank,trial,checked_labels,')
