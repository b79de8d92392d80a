"""The driver and its workers: nothing is counted twice and nothing is lost, whoever dies, and whatever a trial does."""

import json
import os
import signal
import threading
import time

import pytest

from mmnoisy.benchmark.lease import is_held
from mmnoisy.benchmark.worker import ATTEMPTS, Pulse
from mmnoisy.search import worker
from mmnoisy.search.budget import Budget
from mmnoisy.search.choice import complete, key
from mmnoisy.search.driver import Driver
from mmnoisy.search.search import Plan, search
from mmnoisy.search.space import find_space, read_space
from mmnoisy.search.study import open_study, repair
from mmnoisy.search.trial import STOP, curve, failure, is_finished, make_trial, read_result, read_trial, trials
from tests.killing import FileLimit, killed
from tests.search.tiny import tiny_base, write_bank

optuna = pytest.importorskip('optuna')
STATE = optuna.trial.TrialState


@pytest.fixture(scope='module')
def space(tmp_path_factory):
    folder = tmp_path_factory.mktemp('space')
    return read_space(find_space('features'), base=tiny_base(folder, 'features', write_bank(folder / 'bank')), epochs=4)


def driver_of(space, out, first=(), trial_count=9, **options):
    """A driver without workers: a test runs trials itself."""
    out.mkdir(exist_ok=True)
    study = open_study(out, 'test', seed=0)
    found = Driver(study, space, out, 1, Budget(trials=trial_count), list(first), say=lambda line: None, **options)
    found.recover()
    return found


def states(study):
    return [trial.state for trial in study.get_trials()]


def write_curve(folder, *accuracies):
    """As if a trial ran."""
    (folder / 'run').mkdir(parents=True)
    lines = [json.dumps(dict(epoch=epoch, accuracy=value)) for epoch, value in enumerate(accuracies, 1)]
    (folder / 'run/validation.jsonl').write_text('\n'.join(lines) + '\n')


def finish(folder, *accuracies, stopped=False):
    """As if a trial ended."""
    told = dict(read_trial(folder), validation=dict(enumerate(accuracies, 1)), stopped=stopped, seconds=dict(train=1.0))
    (folder / 'result.json').write_text(json.dumps(told))


def test_a_trial_is_an_ordinary_run_and_the_study_is_told_what_it_reached(space, tmp_path):
    driver = driver_of(space, tmp_path / 'out', [complete(space, dict(loss='gce'))])
    from mmnoisy.search.study import enqueue

    enqueue(driver.study, driver.first)
    number = driver.ask()
    folder = driver.folder(number)
    assert worker.run_one(folder, Pulse(None))
    assert driver.look() == []
    (trial,) = driver.study.get_trials()
    result = read_result(folder)
    assert trial.state == STATE.COMPLETE and list(result['validation']) == ['1', '2', '3', '4']
    means = [sum(list(result['validation'].values())[i : i + 3]) / 3 for i in range(2)]
    assert trial.value == pytest.approx(max(means)) and result['choice']['parts']['loss'] == 'gce'
    assert not result['test'], 'test data have no part in a search'
    assert not list(folder.rglob('*.pth')) and (folder / 'val_predictions.npz').is_file()
    # The same config is not trained twice.
    driver.study.enqueue_trial(driver.first[0].params())
    assert driver.ask() is None and driver.study.get_trials()[1].value == trial.value and driver.begun() == 1


def test_a_trial_that_crashes_is_told_as_failed_and_the_search_goes_on(space, tmp_path):
    driver = driver_of(space, tmp_path / 'out', options={'train_dataloader.dataset.source.label': 'nothing'})
    folder = driver.folder(driver.ask())
    assert worker.run_one(folder, Pulse(None)) and is_finished(folder)
    assert 'nothing' in failure(folder)
    assert driver.look() == [] and states(driver.study) == [STATE.FAIL] and driver.begun() == 0
    assert driver.ask() == 1


def test_a_trial_that_is_withdrawn_while_a_worker_reaches_for_it_is_left_alone(space, tmp_path, monkeypatch):
    driver = driver_of(space, tmp_path / 'out')
    folder = driver.folder(driver.ask())

    def late(folder):
        monkeypatch.undo()
        driver.withdraw(0)
        return worker.take(folder)

    monkeypatch.setattr(worker, 'take', late)
    assert worker.run_one(folder, Pulse(None)) is False
    assert not is_finished(folder) and not is_held(folder) and states(driver.study)[0] == STATE.FAIL
    # It is asked again, under another number.
    assert driver.ask() == 1 and worker.run_one(driver.folder(1), Pulse(None))


def test_a_full_disk_fails_no_trial(space, tmp_path):
    driver = driver_of(space, tmp_path / 'out')
    folder = driver.folder(driver.ask())
    with FileLimit(3000), pytest.raises(OSError):
        worker.run_one(folder, Pulse(None))
    assert not is_finished(folder) and driver.look() == [0]
    assert worker.run_one(folder, Pulse(None)) and is_finished(folder) and failure(folder) is None


def test_a_killed_trial_goes_on_from_its_checkpoint_to_the_same_curve(space, tmp_path):
    options = {'default_hooks.checkpoint': dict(type='mmnoisy.CheckpointHook', interval=1, max_keep_ckpts=1)}
    choice = complete(space, dict(correction='elr'))
    whole = make_trial(tmp_path / 'trials/whole', space, choice, options=options)
    broken = make_trial(tmp_path / 'trials/broken', space, choice, options=options)
    worker.run_one(whole, Pulse(None))
    assert killed(lambda: worker.run_one(broken, Pulse(None)), ('replace', 'after'), 'epoch_3.pth')
    assert not is_finished(broken) and max(curve(broken)) in (2, 3) and list(broken.rglob('epoch_3.pth'))
    assert worker.run_one(broken, Pulse(None))
    assert read_result(broken)['validation'] == read_result(whole)['validation']
    assert read_result(broken)['attempt'] == 2


def test_a_trial_of_which_processes_die_again_and_again_fails(space, tmp_path):
    folder = make_trial(tmp_path / 'trials/0', space, complete(space))
    (folder / 'beat.json').write_text(json.dumps(dict(host='gone', pid=1, attempt=ATTEMPTS)))
    os.utime(folder / 'beat.json', (1, 1))
    assert worker.run_one(folder, Pulse(None)) and 'processes died of this trial' in failure(folder)


def test_what_was_asked_but_not_written_is_asked_again(space, tmp_path):
    out, first = tmp_path / 'out', complete(space, dict(loss='sce'))
    driver = driver_of(space, out)
    driver.study.enqueue_trial(first.params())
    (out / 'trials').mkdir()
    assert killed(driver.ask, ('replace', 'before'), 'trial.json')
    later = driver_of(space, out)
    assert states(later.study) == [STATE.FAIL, STATE.WAITING]
    number = later.ask()
    assert read_trial(later.folder(number))['choice']['parts'] == first.parts


def test_results_that_no_driver_saw_are_told_once(space, tmp_path):
    out = tmp_path / 'out'
    folder = driver_of(space, out).folder(driver_of(space, out).ask())
    finish(folder, 50, 60, 70, 80)
    for _ in range(2):
        driver = driver_of(space, out)
        assert driver.look() == [] and [trial.value for trial in driver.study.get_trials()] == [70.0]


def test_a_bad_trial_is_stopped_and_told_as_pruned(space, tmp_path):
    driver = driver_of(space, tmp_path / 'out')
    folders = [driver.folder(driver.ask()) for _ in range(4)]
    for folder in folders[:3]:
        write_curve(folder, 80, 80)
    driver.look()
    write_curve(folders[3], 20, 20)
    assert driver.look() == [0, 1, 2, 3]
    assert [(folder / STOP).is_file() for folder in folders] == [False, False, False, True]
    finish(folders[3], 20, 20, 20, stopped=True)
    assert driver.look() == [0, 1, 2] and states(driver.study)[3] == STATE.PRUNED
    assert driver.study.get_trials()[3].intermediate_values == {1: 20, 2: 20, 3: 20}


def test_a_running_trial_ends_soon_after_its_stop_file(space, tmp_path):
    folder = make_trial(tmp_path / 'trials/0', space, complete(space))
    (folder / STOP).write_text('')
    worker.run_one(folder, Pulse(None))
    found = read_result(folder)
    assert found['stopped'] and list(found['validation']) == ['1']


def test_trials_that_nobody_began_are_taken_back_when_the_time_is_up(space, tmp_path):
    driver = driver_of(space, tmp_path / 'out')
    number = driver.ask()
    driver.budget = Budget(seconds=1)
    driver.fill([number], begun=0)
    assert states(driver.study) == [STATE.FAIL, STATE.WAITING] and not trials(driver.out)
    assert (driver.out / worker.CLOSED).is_file()


def test_a_number_of_trials_is_run_to_its_end(space, tmp_path):
    driver = driver_of(space, tmp_path / 'out', trial_count=2)
    driver.workers = 5
    driver.fill([], begun=time.time())
    assert len(trials(driver.out)) == 2
    driver.fill([0, 1], begun=time.time())
    assert len(trials(driver.out)) == 2 and not (driver.out / worker.CLOSED).is_file()
    # One that fails is no trial of the budget.
    (driver.folder(0) / 'failed.json').write_text(json.dumps(dict(error='no')))
    driver.fill(driver.look(), begun=time.time())
    assert len(trials(driver.out)) == 3
    for number in (1, 2):
        finish(driver.folder(number), 50, 60)
    driver.fill(driver.look(), begun=time.time())
    assert len(trials(driver.out)) == 3 and (driver.out / worker.CLOSED).is_file()


def test_a_search_of_which_every_trial_fails_ends(space, tmp_path):
    driver = driver_of(space, tmp_path / 'out', trial_count=99)
    for _ in range(9):
        (driver.folder(driver.ask()) / 'failed.json').write_text(json.dumps(dict(error='Broken: it is')))
    driver.look()
    (driver.folder(driver.ask()) / 'failed.json').write_text(json.dumps(dict(error='Broken: it is')))
    with pytest.raises(RuntimeError, match='10 trials failed one after another, the last in .*00009: Broken: it is'):
        driver.look()


def test_a_space_that_is_searched_ends_the_search(tmp_path):
    path = tmp_path / 'space.py'
    path.write_text(
        "name = 'own'\nbase = 'ce/ce_probe_40e_features'\nepochs = 2\nslots = dict(loss=['ce', 'l1'])\n"
        "parts = dict(loss=dict(ce=dict(), l1=dict(network={'penalties': []})))\n"
    )
    driver = driver_of(read_space(path), tmp_path / 'out', trial_count=99)
    driver.workers = 5
    driver.fill([], begun=time.time())
    for folder in trials(driver.out):
        finish(folder, 50, 60)
    driver.look()
    driver.fill([], begun=time.time())
    assert len(trials(driver.out)) == 2 and (driver.out / worker.CLOSED).is_file()


def test_the_next_driver_knows_the_curves_of_finished_trials(space, tmp_path):
    driver = driver_of(space, tmp_path / 'out')
    finish(driver.folder(driver.ask()), 50, 60, 70, 80)
    driver.look()
    assert driver_of(space, driver.out).curves == {0: {1: 50, 2: 60, 3: 70, 4: 80}}


def test_a_journal_that_ends_in_the_middle_of_a_line_is_put_in_order(space, tmp_path):
    driver = driver_of(space, tmp_path / 'out')
    driver.ask()
    journal = driver.out / 'study.journal'
    before = journal.read_bytes()
    journal.write_bytes(before + b'{"op_code": 4, "wor')
    (driver.out / 'study.journal.lock').symlink_to(journal)
    repair(journal)
    assert journal.read_bytes() == before and not list(driver.out.glob('*.lock'))
    assert states(driver_of(space, driver.out).study) == [STATE.RUNNING]


def test_one_driver_a_folder_and_one_search(space, tmp_path):
    from mmnoisy.folder_lock import hold_folder, release_folder

    out = tmp_path / 'out'
    pid = os.fork()
    if pid == 0:
        hold_folder(out)
        time.sleep(60)
        os._exit(0)
    try:
        deadline = time.time() + 20
        while not (out / '.lock').is_file() or not (out / '.lock').read_text():
            assert time.time() < deadline
            time.sleep(0.05)
        with pytest.raises(RuntimeError, match='is searched by process'):
            search(space, Plan(out))
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    (out / 'search.json').write_text(json.dumps(dict(space='other', key='', slots={}, seed=0)))
    with pytest.raises(ValueError, match=r'holds another search \(its space, options, slots differ\)'):
        search(space, Plan(out))
    release_folder(out)


def test_a_slip_in_the_options_of_all_trials_is_refused_at_once(space, tmp_path):
    out, options = tmp_path / 'out', {'train_dataloader.dataset.holdot': 0.3}
    with pytest.raises(SystemExit, match="no option 'holdot'; the nearest is 'holdout'"):
        search(space, Plan(out, options=options))
    assert not out.exists()


def test_kill_9_of_a_worker_and_of_the_driver_loses_and_doubles_nothing(space, tmp_path):
    """Two workers on one study; one is killed, then the driver; the next driver ends the search."""
    out = tmp_path / 'out'
    plan = Plan(out, Budget(trials=5), workers=2, prune=False, confirm=0, refit=False, say=lambda line: None)
    pid = os.fork()
    if pid == 0:
        search(space, plan)
        os._exit(0)
    wait_for(lambda: any(is_finished(folder) for folder in trials(out)))
    holder = wait_for(lambda: next(filter(None, map(pid_of, trials(out))), None))
    os.kill(holder, signal.SIGKILL)
    time.sleep(0.5)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    thread = threading.Timer(150, lambda: os.kill(os.getpid(), signal.SIGINT))
    thread.start()
    found = search(space, plan)
    thread.cancel()
    study = open_study(out, space.name)
    ran = [trial for trial in study.get_trials() if trial.state == STATE.COMPLETE and 'same_as' not in trial.user_attrs]
    assert len(ran) == len(found.board.entries) == 5
    assert len({trial.user_attrs['key'] for trial in ran}) == 5, 'a config was trained twice'
    assert not [trial for trial in study.get_trials() if trial.state == STATE.RUNNING]
    for trial in ran:
        told = read_result(out / 'trials' / f'{trial.number:05d}')
        assert told['key'] == trial.user_attrs['key'] == key(space, found_choice(told), {'randomness.seed': 0})
    assert (out / 'best.py').is_file() and (out / 'leaderboard.csv').read_text().count('\n') == 6


def found_choice(told):
    from mmnoisy.search.choice import from_dict

    return from_dict(told['choice'])


def pid_of(folder):
    """The process that has a trial."""
    try:
        return None if is_finished(folder) else json.loads((folder / 'beat.json').read_text())['pid']
    except (OSError, ValueError):
        return None


def wait_for(look, seconds=120):
    deadline = time.time() + seconds
    while time.time() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError('It did not come to that.')
