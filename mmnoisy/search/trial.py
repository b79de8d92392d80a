"""A trial: an ordinary config in a folder of its own, run from there, and what it leaves behind.

``trial.json`` says what it is and is written last: a folder without it is no trial. ``config.py`` is the config,
``stop`` asks the run to end, ``result.json`` or ``failed.json`` ends the trial.
"""

import csv
import json
import re
import shutil
import time
import traceback
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

from ..benchmark.run_cell import FAILED, RESULT, commit, device, read_failure, read_result
from ..engine.hooks.validation_record_hook import CURVE, PREDICTIONS, read_curve
from ..files import copy_file, full_disk, write_json, write_text
from ..run import forget_runs
from ..stages import main
from .choice import Choice, as_file, content, to_dict
from .space import Space

TRIAL, CONFIG, STOP, RUN = 'trial.json', 'config.py', 'stop', 'run'
#: Entries of every trial's config.
OPTIONS = {
    'log_level': 'WARNING',
    'visualizer': dict(type='UniversalVisualizer', vis_backends=[dict(type='LocalVisBackend')]),
    'default_hooks.summary': dict(type='mmnoisy.SummaryHook', interval=1, train_interval=0),
    # A trial of seconds writes no checkpoint before its end.
    'default_hooks.checkpoint': dict(type='mmnoisy.CheckpointHook', interval=1, max_keep_ckpts=1, min_seconds=10),
    'default_hooks.validation_record': dict(type='mmnoisy.ValidationRecordHook', balanced=True),
}
#: What judges is right: an accuracy is what it says.
PLAIN_ACCURACY = {'default_hooks.validation_record.balanced': False}
#: Entries that keep test data out.
WITHOUT_TEST = dict(test_dataloader=None, test_evaluator=None, test_cfg=None)


def make_trial(
    folder,
    space: Space,
    choice: Choice,
    *,
    seed: int = 0,
    fold: int = 0,
    folds: int = 1,
    race: bool = False,
    options: Optional[dict] = None,
    places: Optional[Dict[str, str]] = None,
    test: bool = False,
    **about,
) -> Path:
    """Write a trial that any worker may take.

    Args:
        folder (str | Path): Its folder.
        space (Space): The space.
        choice (Choice): What is tried.
        seed (int): Of the training.
        fold (int): Which share of the data is held out.
        folds (int): On how many shares it is judged, see :mod:`mmnoisy.search.pooled`. Defaults to 1.
        race (bool): Leave the other folds out once one is clearly worse than the best trial's. Defaults to False.
        options (dict, optional): More entries of the config.
        places (dict, optional): Where data lie.
        test (bool): Whether the run is also measured on test data, which choose nothing. Defaults to False.
        **about: More of ``trial.json``.
    """
    folder = Path(folder)
    if folds > 1:
        how: Dict[str, Any] = dict(seed=seed, options=options, places=places, test=test)
        for number in range(folds):
            make_trial(folder / f'fold-{number}', space, choice, fold=number, **how)
        told = dict(about, choice=to_dict(choice), seed=seed, folds=folds, race=race, epochs=space.epochs)
        write_json(folder / TRIAL, told)
        return folder
    path = folder / CONFIG
    extra: Dict[str, Any] = {**OPTIONS, **({} if test else WITHOUT_TEST), **(options or {}), 'randomness.seed': seed}
    extra['default_hooks.validation_record.stop_file'] = str((folder / STOP).resolve())
    whole = with_fold(content(space, choice, extra, places), fold)
    write_text(path, as_file(space, whole, path, f'{choice}'), sync=False)
    write_json(folder / TRIAL, dict(about, choice=to_dict(choice), seed=seed, fold=fold, epochs=space.epochs))
    return folder


def with_fold(whole: dict, fold: int) -> dict:
    """The config with another share of the data held out."""
    from ..config import label_noises

    for node in label_noises([whole.get(f'{part}_dataloader') for part in ('train', 'val')]) if fold else ():
        node['fold'] = fold
    return whole


def run_trial(folder, attempt: int = 1) -> None:
    """Run a trial and write its result, or why it failed.

    A half-done run goes on from its newest checkpoint; its run is removed once the result is written.

    Raises:
        OSError: The disk is full: that is nobody's failure, the trial goes on once there is room.
    """
    folder = Path(folder)
    about = dict(read_trial(folder), attempt=attempt, commit=commit(), device=device())
    start, cpu = time.perf_counter(), time.process_time()
    try:
        found = run_folds(folder, about) if 'folds' in about else run_config(folder)
    except (Exception, SystemExit) as error:
        if full_disk(error) is not None:
            raise
        text = traceback.format_exc()
        write_json(folder / FAILED, dict(about, error=f'{type(error).__name__}: {error}', traceback=text))
        return
    finally:
        forget_runs()
    about['seconds'] = dict(
        train=found.pop('train_seconds'), total=time.perf_counter() - start, cpu=time.process_time() - cpu
    )
    write_json(folder / RESULT, dict(about, **found))
    (folder / FAILED).unlink(missing_ok=True)
    shutil.rmtree(folder / RUN, ignore_errors=True)


def run_config(folder: Path) -> dict:
    """Train a trial's config, from its newest checkpoint where it was begun; returns what it leaves."""
    main([str(folder / CONFIG), '--work-dir', str(folder / RUN), '--resume'])
    return measured(folder)


def run_folds(folder: Path, about: dict) -> dict:
    """Run the folds of a trial that are not done; returns what they leave together.

    Raises:
        RuntimeError: One failed.
    """
    from .pooled import is_behind, pool

    folders = [folder / f'fold-{number}' for number in range(about['folds'])]
    for done, part in enumerate(folders, 1):
        if not is_finished(part):
            run_trial(part)
        if failure(part) is not None:
            raise RuntimeError(f'{part.name}: {failure(part)}')
        if about.get('race') and done < len(folders) and is_behind(folder, done):
            folders = folders[:done]
            break
    found = pool(folders, [read_result(part) for part in folders], folder)
    return dict(found, judged_on=len(folders), stopped=found['stopped'] or len(folders) < about['folds'])


def measured(folder: Path) -> dict:
    """What a finished run leaves: validation and test accuracy by epoch, and its predictions on validation."""
    last = run_folder(folder)
    if last is None:
        raise ValueError('The run was not validated: its config needs val_dataloader, val_cfg and val_evaluator.')
    copy_file(last / PREDICTIONS, folder / PREDICTIONS)
    summary = json.loads((folder / RUN / 'summary.json').read_text(encoding='utf-8'))
    with open(last / 'history.csv', newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    tested = {int(row['epoch']): float(row['test_accuracy']) for row in rows if row.get('test_accuracy')}
    return dict(
        validation=read_curve(last),
        test=tested,
        stopped=(folder / STOP).is_file(),
        noise=summary.get('noise'),
        train_seconds=summary.get('train_seconds'),
    )


def run_folder(folder) -> Optional[Path]:
    """Where the run that counts writes its validation: that of a recipe's last stage once it has begun; else None."""
    run = Path(folder) / RUN
    if not run.is_dir():
        return None
    # mmengine's own folders are named by a date.
    stages = sorted(
        (path for path in run.iterdir() if re.match(r'\d{1,3}_', path.name)), key=lambda p: int(p.name.split('_')[0])
    )
    if not stages:
        return run if (run / CURVE).is_file() else None
    return stages[-1] if stages[-1].name.endswith('_train') and (stages[-1] / CURVE).is_file() else None


def curve(folder) -> Dict[int, float]:
    """Accuracy on noisy validation by epoch so far, percent; {} before the first."""
    result = read_result(folder)
    if result is not None:
        return curve_of(result)
    found = run_folder(folder)
    return {} if found is None else read_curve(found)


def curve_of(result: dict) -> Dict[int, float]:
    """The same of a result, whose epochs are text in its file."""
    return {int(epoch): value for epoch, value in result['validation'].items()}


def read_trial(folder) -> dict:
    """What ``trial.json`` says."""
    return json.loads((Path(folder) / TRIAL).read_text(encoding='utf-8'))


def is_finished(folder) -> bool:
    """Whether a trial has a result or has failed."""
    return any((Path(folder) / name).is_file() for name in (RESULT, FAILED))


def on_fewer_folds(result: dict) -> bool:
    """Whether a trial was not judged on all its folds: its accuracy is another one then."""
    return result.get('judged_on', 1) < result.get('folds', 1)


def stopped_after(result: dict) -> Optional[str]:
    """How far a trial came that was stopped, in words; None where it came to its end."""
    last = max(curve_of(result))
    if on_fewer_folds(result):
        return f'{result["judged_on"]} of {result["folds"]} folds'
    return f'epoch {last}' if result['stopped'] and last < result['epochs'] else None


def trials(out, pattern: str = '*') -> List[Path]:
    """Folders of the trials of a search, in order."""
    return sorted(path.parent for path in (Path(out) / 'trials').glob(f'{pattern}/{TRIAL}'))


def results(out, pattern: str = '*') -> Iterator[dict]:
    """Results of the trials that have one, with ``folder``."""
    for folder in trials(out, pattern):
        found = read_result(folder)
        if found is not None:
            yield dict(found, folder=folder)


def failure(folder) -> Optional[str]:
    """Why a trial failed; None where it did not."""
    found = read_failure(folder)
    return None if found is None else found['error']
