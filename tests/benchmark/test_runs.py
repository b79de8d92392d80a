"""Suites that are really run, on digits: results, failures, and the death of any process."""

import json
import os
import shutil
import signal
import threading
import time

import numpy as np
import pytest

from mmnoisy.benchmark import lease, worker
from mmnoisy.benchmark.page import csv_text
from mmnoisy.benchmark.store import Store
from mmnoisy.benchmark.suite import chosen
from mmnoisy.datasets.samples_file import read_rows
from tests.benchmark.suites import command, start, write_suite

MORE = """
    coteaching=dict(config='coteaching/coteaching_cnn3_60e_digits-sym40', noises=['sym40'], options={
        'model.network.backbone.channels': (4, 8, 8), 'model.network.head.in_channels': 8}),
    broken=dict(config='gce/gce_cnn3_60e_digits-sym40', noises=['sym40'], options={'model.backbone.channels': (4, 8)}),
"""


#: What is run again to see whether it comes out the same.
SOME = ('--only', 'ce,ceiling')


def suite_with_two_networks(folder, **options):
    """The tiny suite; the width of one network is an option of each method, as Co-teaching's model has no backbone."""
    path = write_suite(folder, MORE, **options)
    narrow = "options={'model.backbone.channels': (4, 8, 8), 'model.head.in_channels': 8}, "
    text = path.read_text().replace("    'model.backbone.channels': (4, 8, 8),\n    'model.head.in_channels': 8,\n", '')
    for role in ("role='ce', ", "role='ce_mixup_ema', ", "role='ceiling', "):
        text = text.replace(role, role + narrow)
    path.write_text(text)
    return path


@pytest.fixture(scope='module')
def ran(tmp_path_factory):
    """A suite that was run by one worker, and what the command printed."""
    folder = tmp_path_factory.mktemp('ran')
    suite, out = suite_with_two_networks(folder), folder / 'out'
    code, text = command(suite, out)
    return Store(suite, out), text, code


def test_results_and_failures(ran):
    store, text, code = ran
    states = {cell.name: store.state(cell) for cell in store.suite.cells}
    assert states.pop('broken sym40 seed 0') == 'failed' and set(states.values()) == {'done'}, text
    assert code == 1 and '5 done, 1 failed, 0 running, 0 open' in text and 'all done' in text
    (broken,) = (cell for cell in store.suite.cells if cell.method == 'broken')
    failure = json.loads((store.folder(broken) / 'failed.json').read_text())
    assert (
        failure['error'].startswith('RuntimeError: ')
        and 'Traceback' in failure['traceback']
        and failure['key'] == broken.key
    )


def test_a_result_can_be_computed_again_from_what_is_left(ran):
    store, _, _ = ran
    for key, result in store.results().items():
        folder = store.out / 'runs' / key
        with np.load(folder / 'predictions.npz') as content:
            scores, predicted, label = (content[key] for key in ('pred_score', 'pred_label', 'label'))
        assert scores.shape == (360, 10) and scores.sum(1) == pytest.approx(1, abs=0.01)
        right = predicted == label
        best = scores[range(360), predicted]
        assert (best >= scores.max(1) - 1e-3).all()
        recalls = [right[label == k].mean() for k in range(10)]
        assert result['last'] == pytest.approx(100 * right.mean())
        assert result['balanced_accuracy'] == pytest.approx(100 * np.mean(recalls))
        assert result['worst_class_recall'] == pytest.approx(100 * min(recalls))
        assert result['oracle_best'] >= result['last'] and result['seconds']['total'] >= result['seconds']['train'] > 0
        assert result['versions']['torch'] and result['device'] and result['config_text'].count('randomness') == 1
        assert not list(folder.rglob('*.pth')) and not (folder / 'beat.json').exists()


def test_the_ceiling_sees_right_labels_alone(ran):
    store, _, _ = ran
    (ceiling,) = (cell for cell in store.suite.cells if cell.method == 'ceiling')
    rows = list(read_rows(store.folder(ceiling) / 'right_labels.csv'))
    assert all(row['is_issue'] == (row['given_index'] != row['clean_index']) for row in rows)
    assert 0.3 < np.mean([row['is_issue'] for row in rows]) < 0.5
    assert store.results()[ceiling.key]['realised_noise']['realised_rate'] == 0


def test_detection_of_a_method_that_judges(ran):
    store, _, _ = ran
    found = {result['method']: result['detection'] for result in store.results().values()}
    assert found.pop('ce') is None
    coteaching = found['coteaching']
    assert {'auc', 'label_precision', 'fnr_at_rate'} <= set(coteaching) and 0 <= coteaching['fnr_at_rate'] <= 1


def test_what_is_done_is_not_done_again_whatever_it_is_called(ran, tmp_path):
    store, _, _ = ran
    shutil.copytree(store.out, tmp_path / 'out')
    path = suite_with_two_networks(tmp_path)
    path.write_text(path.read_text().replace('ce=dict(', 'plain=dict(').replace('broken=', 'gone='))
    _, text = command(path, tmp_path / 'out')
    assert '6 of 6 runs have a result' in text and '5 done, 1 failed' in text
    assert len(list((tmp_path / 'out' / 'logs').iterdir())) == len(list((store.out / 'logs').iterdir()))


def wait_for(condition, seconds=120):
    """What ``condition()`` gives once it holds."""
    end = time.time() + seconds
    while not (found := condition()):
        assert time.time() < end, 'nothing happened'
        time.sleep(0.01)
    return found


def worker_of(store):
    """The process that runs a cell after the first result; None where there is none now."""
    beats = [lease.read_beat(store.folder(cell)) for cell in store.suite.cells]
    pids = [found['pid'] for found in beats if found and not found.get('put_off')]
    return pids[0] if pids and store.results() else None


def accuracies(store):
    """The table of :data:`SOME` without its times."""
    lines = csv_text(store).splitlines()
    return [line.rsplit(',', 1)[0] for line in lines if line.startswith(('method,', 'ce,', 'ceiling,'))]


def test_kill_9_of_a_worker_leaves_the_same_table(ran, tmp_path):
    whole, _, _ = ran
    store = Store(suite_with_two_networks(tmp_path), tmp_path / 'out')

    def kill():
        os.kill(wait_for(lambda: worker_of(store)), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    _, text = command(store.file, store.out, *SOME)
    killer.join()
    assert 'A worker was killed (signal 9); another takes its place.' in text
    assert '3 done, 0 failed' in text and accuracies(store) == accuracies(whole)


def test_kill_9_of_the_runner_and_the_same_command_give_the_same_table(ran, tmp_path):
    whole, _, _ = ran
    store = Store(suite_with_two_networks(tmp_path), tmp_path / 'out')
    process = start(store.file, store.out, *SOME)
    orphan = wait_for(lambda: worker_of(store))
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    wait_for(lambda: not lease._runs(orphan), 60)
    assert len(store.results()) < 3
    _, text = command(store.file, store.out, *SOME)
    assert '3 done, 0 failed' in text and accuracies(store) == accuracies(whole)


def test_a_budget_stops_and_the_rest_stays_open(tmp_path):
    suite, out = write_suite(tmp_path, epochs=500), tmp_path / 'out'
    begin = time.time()
    code, text = command(suite, out, '--budget', '12s', '--only', 'ce')
    assert code == 0 and time.time() - begin < 60 and 'the same command goes on' in text
    store = Store(suite, out)
    assert {store.state(cell) for cell in store.suite.cells} == {'open'}
    cell = store.suite.cells[0]
    found = lease.read_beat(store.folder(cell))
    # Its next process counts as the first: this one did not die of it.
    assert found is None or found['attempt'] == 0


def test_data_that_are_not_there_are_named(tmp_path):
    path = write_suite(tmp_path)
    text = path.read_text().replace('_cnn3_60e_digits-sym40', '_probe_40e_features')
    path.write_text(text + "paths = dict(train='data/features/nowhere', test='data/features/test')")
    with pytest.raises(SystemExit, match='data/features/nowhere.* --path train=FOLDER'):
        command(path, tmp_path / 'out')


@pytest.fixture
def cell(tmp_path):
    store = Store(write_suite(tmp_path), tmp_path / 'out')
    return store, store.suite.cells[0], store.folder(store.suite.cells[0])


def another(folder, **changes):
    """Write the beat of another process."""
    found = dict(host='elsewhere', pid=1, attempt=1, **changes)
    (folder / lease.BEAT).write_text(json.dumps(found))


def test_a_lease_of_another_machine_holds_while_it_beats(cell):
    _, _, folder = cell
    folder.mkdir(parents=True)
    another(folder)
    assert lease.is_held(folder) and lease.take(folder) is None
    old = time.time() - lease.STALE - 5
    os.utime(folder / lease.BEAT, (old, old))
    assert not lease.is_held(folder) and lease.take(folder) == 2
    lease.put_off(folder)
    assert lease.read_beat(folder)['attempt'] == 1 and not lease.is_held(folder)
    lease.give_back(folder)
    assert lease.take(folder) == 1
    lease.give_back(folder)
    assert not (folder / lease.BEAT).exists()


def test_a_run_that_kills_its_processes_counts_as_failed(cell, monkeypatch):
    store, first, folder = cell
    folder.mkdir(parents=True)
    another(folder, put_off=False)
    text = json.loads((folder / lease.BEAT).read_text())
    (folder / lease.BEAT).write_text(json.dumps(dict(text, attempt=worker.ATTEMPTS)))
    old = time.time() - lease.STALE - 5
    os.utime(folder / lease.BEAT, (old, old))
    worker.work(store, chosen([first], None), worker.Pulse(None))
    assert store.state(first) == 'failed'
    assert '3 processes died of this run' in json.loads((folder / 'failed.json').read_text())['error']
    store.forget_failures([first])
    assert store.state(first) == 'open'
