"""From results to results.json, tables and the page, against numbers made by hand."""

import csv
import shutil

import pytest

from mmnoisy.benchmark.command import main
from mmnoisy.benchmark.figures import all_figures, values_of
from mmnoisy.benchmark.page import page
from mmnoisy.benchmark.store import Store
from mmnoisy.evaluation.noise_detection import fnr_at_rate
from mmnoisy.evaluation.results_file import figure, read_results
from mmnoisy.evaluation.run_scores import prediction_scores
from mmnoisy.evaluation.tables import write_tables
from tests.benchmark.suites import put_result, write_suite
from tests.test_results import copy_of

GCE = """gce=dict(config='gce/gce_cnn3_60e_digits-sym40', title='GCE', published=dict(
    sym40=dict(value=90.5, std=1.0, protocol='CNN3, 60 epochs'))),"""
#: Accuracy at the last epoch by method, noise and seed; the others were not run.
LAST = {
    ('ce', 'sym40'): (60.0, 62.0),
    ('ce', 'asym30'): (70.0, 71.0),
    ('mixup_ema', 'sym40'): (59.0,),
    ('ceiling', 'sym40'): (95.0, 96.0),
    ('gce', 'sym40'): (90.0, 91.5),
    ('gce', 'asym30'): (69.0, 73.0),
}


@pytest.fixture
def store(tmp_path):
    store = Store(write_suite(tmp_path, GCE, seeds=(0, 1)), tmp_path / 'out')
    for cell in store.suite.cells:
        last = LAST.get((cell.method, cell.noise), ())
        if cell.seed < len(last):
            detection = dict(auc=0.9, fnr_at_rate=0.25) if cell.method == 'gce' else None
            put_result(store, cell, last=last[cell.seed], at_best_val=80.0, oracle_best=92.123, detection=detection)
    (mixup,) = (cell for cell in store.suite.cells if (cell.method, cell.seed) == ('mixup_ema', 1))
    folder = store.folder(mixup)
    folder.mkdir(parents=True)
    (folder / 'failed.json').write_text('{"error": "RuntimeError: no memory"}')
    return store


def test_means_and_status_of_each_cell(store):
    found = {(entry.method, entry.noise): entry for entry in all_figures(store)}
    assert found['ce', 'sym40'].means['last'] == (61.0, pytest.approx(2**0.5), 2)
    assert {place: entry.status for place, entry in found.items()} == {
        ('ce', 'sym40'): 'ran',
        ('ce', 'asym30'): 'ran',
        ('mixup_ema', 'sym40'): 'ran, below CE (1 of 2 seeds)',
        ('ceiling', 'sym40'): 'ran',
        ('gce', 'sym40'): 'reproduced: CNN3, 60 epochs',
        ('gce', 'asym30'): 'ran',
    }
    assert found['mixup_ema', 'sym40'].failed == 1
    assert found['gce', 'sym40'].means['auc'].mean == pytest.approx(0.9) and 'auc' not in found['ce', 'sym40'].means
    assert values_of(store)['gce', 'asym30', 1] == 73.0 and len(values_of(store)) == 11


def test_nothing_is_called_run_that_was_not(tmp_path):
    store = Store(write_suite(tmp_path), tmp_path / 'out')
    assert {entry.status for entry in all_figures(store)} == {'not run'}
    text = page(store, None)
    assert '0 of 4 runs are finished' in text and 'not run' in text and 'nan' not in text
    with pytest.raises(SystemExit, match='No run of tiny has a result'):
        main(['collect', str(store.file), '--out', str(store.out), '--root', str(tmp_path)])
    assert not (tmp_path / 'docs').exists()


def test_the_page_says_what_the_runs_say(store):
    text = page(store, 'tiny.png')
    assert '| GCE | 90.8 ± 1.1 | 71.0 ± 2.8 |' in text
    # One of its two seeds failed.
    assert '| mixup_ema | 59.0 (n = 1) |  |' in text and '- mixup_ema sym40 seed 1: `RuntimeError: no memory`' in text
    # Ranks over four pairs: GCE wins three. mixup + EMA lacks three of them. GCE - CE: 30, 29.5, -1, 2.
    assert '| GCE | 1.25 | 0.0 | 0.0 | 2 | +15.1 | -11.8 to +42.1 | 3 of 4 |  |' in text
    assert '| CE | 1.75 | 15.1 | 29.8 | 2 |  |  |  |  |' in text
    assert '| mixup_ema |  | 31.8 | 31.8 | 1 | -1.0 |  | 0 of 1 |  |' in text
    assert 'over 4 pairs of noise and seed' in text and '11 of 12 runs are finished' in text
    # The ceiling takes no part in ranks and regret.
    compared = text[text.index('## Compared') : text.index('## Best epoch')]
    assert 'ceiling' not in compared and '80.0 ± 0.0 / 92.1 ± 0.0' in text
    assert '![' in text and '](tiny.png)' in text and '| GCE | sym40 | 0.900 ± 0.000 | 0.250 ± 0.000 | 2.0 |' in text


def test_collect_writes_results_tables_and_page(store, tmp_path, capsys):
    root = tmp_path / 'repository'
    root.mkdir()
    copy_of(root, 'gce', 'mixup')
    shutil.rmtree(root / 'docs', ignore_errors=True)
    before = read_results(root / 'configs/gce/results.json')
    main(['collect', str(store.file), '--out', str(store.out), '--root', str(root)])
    assert '11 of 12 runs' in capsys.readouterr().out
    after = read_results(root / 'configs/gce/results.json')
    noise = dict(kind='asymmetric', rate=0.3, mapping='mnist')
    config = 'gce_cnn3_60e_digits-sym40'
    assert figure(after, config, 'last', noise) == (71.0, [69.0, 73.0], [0, 1])
    new = [run for run in after['runs'] if run not in before['runs']]
    assert len(new) == 4 and all(run['commit'] == 'abc' and run['oracle_best'] == 92.12 for run in new)
    ceiling = figure(
        read_results(root / 'configs/ce/results.json'),
        'ce_cnn3_60e_digits-sym40',
        'last',
        dict(trained_on='right labels only'),
    )
    assert ceiling == (95.5, [95.0, 96.0], [0, 1])
    assert write_tables(root, check=True) == []
    assert 'kind=asymmetric rate=0.3 mapping=mnist' in (root / 'configs/gce/README.md').read_text()
    with (root / 'docs/benchmarks/tiny.csv').open() as file:
        rows = {(row['method'], row['noise']): row for row in csv.DictReader(file)}
    assert len(rows) == 6 and rows['gce', 'asym30']['last_mean'] == '71.0000' and rows['gce', 'asym30']['seeds'] == '2'
    assert rows['mixup_ema', 'sym40']['last_std'] == '' and rows['gce', 'sym40']['train_seconds'] == '2.0'
    assert (root / 'docs/benchmarks/tiny.png').stat().st_size > 1000
    # Once more changes nothing.
    texts = {path: path.read_bytes() for path in root.rglob('*') if path.is_file() and path.suffix != '.png'}
    main(['collect', str(store.file), '--out', str(store.out), '--root', str(root)])
    assert {path: path.read_bytes() for path in texts} == texts


def test_collect_needs_the_repository(store, tmp_path):
    with pytest.raises(SystemExit, match='--root has to be the repository'):
        main(['collect', str(store.file), '--out', str(store.out), '--root', str(tmp_path)])


def test_figures_of_predictions():
    # Class 0: all right; class 1: two of three; class 2 is not in the test set.
    assert prediction_scores([0, 1, 0, 1], [0, 1, 1, 1]) == dict(
        balanced_accuracy=pytest.approx((100 + 200 / 3) / 2), worst_class_recall=pytest.approx(200 / 3)
    )


def test_fnr_at_the_true_rate():
    wrong = [True, True, False, False, True]
    assert fnr_at_rate([0.1, 0.2, 0.3, 0.8, 0.9], wrong) == pytest.approx(1 / 3)
    assert fnr_at_rate([0.1, 0.2, 0.9, 0.8, 0.3], wrong) == 0
    assert fnr_at_rate([0.9, 0.8, 0.1, 0.2, float('nan')], wrong) == 1
    # Nothing is known: as many are missed as by chance, in any order of the samples.
    assert fnr_at_rate([0.5] * 5, wrong) == pytest.approx(1 - 3 / 5)
    assert fnr_at_rate([0.5], [False]) is None
