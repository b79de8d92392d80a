"""Suites with folds: what is trained, what is kept, and what the pooled predictions say, against numbers made by hand."""

import numpy as np
import pytest

from mmnoisy.benchmark.collect import collect
from mmnoisy.benchmark.fold_choice import fold_choices
from mmnoisy.benchmark.fold_page import fold_page
from mmnoisy.benchmark.page import error_text
from mmnoisy.benchmark.run_cell import run_cell
from mmnoisy.benchmark.statistics import Mean, kendall
from mmnoisy.benchmark.store import Store
from mmnoisy.benchmark.suite import read_suite
from mmnoisy.config import label_noises
from mmnoisy.evaluation.results_file import read_results
from tests.benchmark.suites import put_result, write_suite
from tests.test_results import copy_of

MORE = "gce=dict(config='gce/gce_cnn3_60e_digits-sym40', title='GCE', noises=['sym40']),"
#: Share of the held-out labels that a method meets in each of two folds, and its test accuracy there.
FIGURES = dict(ce=((0.5, 80), (0.5, 82)), mixup_ema=((0.6, 90), (0.56, 92)), gce=((0.4, 93), (0.7, 95)))
LABELS = 1000


def suite_with_folds(folder, more=MORE, folds=2, **options):
    path = write_suite(folder, more, **options)
    path.write_text(path.read_text().replace("name = 'tiny'", f"name = 'tiny'\nfolds = {folds}"))
    return path


def put_held_out(store, cell, share, test) -> None:
    put_result(store, cell, at_best_val=float(test))
    met = np.arange(LABELS) < round(share * LABELS)
    # The rows that are met differ by method, so that a draw of rows is not the same for all.
    label = np.roll(np.where(met, 1, 0), 37 * len(cell.method))
    scores = np.tile(np.array([0, 1], dtype=np.float16), (LABELS, 1))
    np.savez(
        store.folder(cell) / 'val_predictions.npz', index=np.arange(LABELS), pred_score=scores, label=label, epoch=1
    )


@pytest.fixture
def store(tmp_path):
    store = Store(suite_with_folds(tmp_path), tmp_path / 'out')
    for cell in store.suite.cells:
        if cell.noise == 'sym40' and cell.method in FIGURES:
            put_held_out(store, cell, *FIGURES[cell.method][cell.fold])
    return store


def test_each_fold_is_a_run_of_its_own(tmp_path):
    suite = read_suite(suite_with_folds(tmp_path))
    assert [cell.name for cell in suite.cells if cell.method == 'gce'] == [
        'gce sym40 seed 0 fold 0',
        'gce sym40 seed 0 fold 1',
    ]
    for cell in suite.cells:
        nodes = list(label_noises([cell.content[f'{part}_dataloader'] for part in ('train', 'val')]))
        assert [node['fold'] for node in nodes] == [cell.fold] * 2
    assert len({cell.key for cell in suite.cells}) == len(suite.cells)
    (tmp_path / 'plain').mkdir()
    plain = read_suite(write_suite(tmp_path / 'plain', MORE))
    # A run without held-out predictions is another one, even where it holds the same samples out.
    assert not {cell.key for cell in plain.cells} & {cell.key for cell in suite.cells}
    assert plain.folds == 1 and all(cell.fold is None for cell in plain.cells)


def test_folds_that_cannot_be(tmp_path):
    with pytest.raises(ValueError, match='11 folds need a held-out share .* at most 1 / 11, not 0.1'):
        read_suite(suite_with_folds(tmp_path, folds=11))
    for folds in (0, True, "'two'"):
        with pytest.raises(ValueError, match='folds must be a whole number of at least 1'):
            read_suite(suite_with_folds(tmp_path, folds=folds))


def test_one_split_and_the_pool(store):
    (found,) = fold_choices(store)
    assert found.noise == 'sym40' and found.methods == ['ce', 'mixup_ema', 'gce'] and found.seeds == [0]
    # Test accuracy: 81, 91, 94. Fold 0 takes mixup + EMA and has GCE last, fold 1 has the right order.
    split = found.split[LABELS]
    assert split.tau == pytest.approx((-1 / 3 + 1) / 2) and split.regret == pytest.approx((3 + 0) / 2)
    assert split.tau_error == pytest.approx(2 / 3) and split.regret_error == pytest.approx(1.5)
    # Together: 0.5, 0.58, 0.55.
    assert list(found.pooled)[-1] == 2 * LABELS and found.chosen == ['mixup_ema']
    whole = found.pooled[2 * LABELS]
    assert whole.tau == pytest.approx(1 / 3) and whole.regret == pytest.approx(3)
    assert 0 < whole.regret_error < 2 and 0 < whole.tau_error < 0.5
    # A set of the size of a fold has as many labels of each.
    assert found.pooled[LABELS].tau == pytest.approx(1 / 3, abs=0.4)
    assert list(found.split) == [50, 100, 200, 500, 1000]
    assert found.pooled[50].regret > found.pooled[LABELS].regret - 3


def test_methods_that_lack_a_fold_take_no_part(tmp_path):
    sce = "sce=dict(config='sce/sce_cnn3_60e_digits-sym40', title='SCE', noises=['sym40']),"
    store = Store(suite_with_folds(tmp_path, MORE + sce), tmp_path / 'out')
    for cell in store.suite.cells:
        if cell.noise == 'sym40' and cell.method != 'ceiling' and (cell.method, cell.fold) != ('sce', 1):
            put_held_out(store, cell, *FIGURES.get(cell.method, FIGURES['gce'])[cell.fold])
    (found,) = fold_choices(store)
    assert found.methods == ['ce', 'mixup_ema', 'gce']
    assert 'Left out, as not all folds are run: SCE.' in fold_page(store, [found], 'tiny.png')
    (cell,) = (c for c in store.suite.cells if (c.method, c.noise, c.fold) == ('gce', 'sym40', 1))
    (store.folder(cell) / 'result.json').unlink()
    assert fold_choices(store) == []


def test_methods_judged_on_other_samples_are_refused(store):
    (cell,) = (c for c in store.suite.cells if (c.method, c.noise, c.fold) == ('gce', 'sym40', 1))
    path = store.folder(cell) / 'val_predictions.npz'
    with np.load(path) as stored:
        content = dict(stored)
    np.savez(path, **dict(content, index=content['index'] + 1))
    with pytest.raises(ValueError, match='fold 1: gce and ce were judged on different samples'):
        fold_choices(store)


def test_collect_writes_a_page_and_no_figures(store, tmp_path):
    root = copy_of(tmp_path, 'gce', 'mixup')
    before = read_results(root / 'configs/gce/results.json')
    assert '6 of 10 runs' in collect(store, root)
    assert read_results(root / 'configs/gce/results.json') == before
    text = (root / 'docs/benchmarks/tiny-choice.md').read_text()
    assert '| 1,000 | 0.33 ± 0.67 | 1.50 ± 1.50 |' in text and '| 2,000 |  |  | 0.33 ± ' in text
    assert 'All labels together choose: mixup_ema (1).' in text and '](tiny-choice.png)' in text
    assert (root / 'docs/benchmarks/tiny-choice.png').read_bytes()[:4] == b'\x89PNG'
    assert not (root / 'docs/benchmarks/tiny.csv').exists()
    assert 'Left out' not in text


def test_a_fold_is_run(tmp_path):
    store = Store(suite_with_folds(tmp_path), tmp_path / 'out')
    labels = []
    for cell in store.suite.cells:
        if (cell.method, cell.noise) == ('ce', 'sym40'):
            assert run_cell(cell, 'tiny', store.folder(cell), store.places)
            with np.load(store.folder(cell) / 'val_predictions.npz') as stored:
                accuracy = 100 * (stored['pred_score'].argmax(1) == stored['label']).mean()
                labels.append(stored['label'])
            # Scores are kept in 16 bits: after one epoch a few are equal then.
            assert accuracy == pytest.approx(store.results([cell])[cell.key]['val_best'], abs=3)
    assert len(labels) == 2 and not np.array_equal(*labels)


def test_errors_and_order():
    assert Mean(1.0, 2.0, 4).error == 1.0 and Mean(1.0, None, 1).error is None
    assert kendall([1, 2, 3], [1, 3, 2]) == pytest.approx(1 / 3) and kendall([1, 1, 1], [1, 2, 3]) is None
    assert error_text(0.666, 0.041, 2) == '0.67 ± 0.04' and error_text(1.23, None, 1) == '1.2'
