"""A grid: many choices of a space, each run once under each of several noises, with test accuracy by epoch.

It is what searches are simulated on, see :mod:`mmnoisy.search.replay`, and what the portfolio is chosen from.
"""

import random
import time
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence

from ..benchmark.pool import Pool
from ..benchmark.suite import declaration
from ..config import config_path
from ..files import write_text
from .choice import Choice, complete, distinct, draw, from_dict
from .space import Space
from .trial import failure, is_finished, make_trial, read_trial, results, trials
from .worker import CLOSED


def grid_choices(space: Space, count: int, seed: int = 0) -> List[Choice]:
    """Each part of each slot alone, with its defaults, then random choices, ``count`` in all, none twice."""
    plain = complete(space)
    single = [plain]
    for slot, names in space.slots.items():
        for name in names:
            try:
                single.append(complete(space, {slot: name}))
            except ValueError:  # It composes only with another part that is not the default.
                continue
    found, rng = distinct(single), random.Random(seed)
    while len(found) < count:
        found = distinct([*found, draw(space, rng)])
    return found[:count]


def settings_of(space: Space) -> Dict[str, dict]:
    """The noises of the suite that the space names.

    Raises:
        ValueError: It names none.
    """
    if not space.suite:
        raise ValueError(f'The space {space.name} names no suite, whose noises a grid would run under.')
    return declaration(config_path(f'suites/{space.suite}'))['noises']


def setting_options(setting: dict, seed: int = 0) -> dict:
    """Entries of the config that set a noise of a suite."""
    found: dict = dict(setting.get('options') or {})
    for part in ('train', 'val'):
        dataset = f'{part}_dataloader.dataset'
        found[f'{dataset}.noise'], found[f'{dataset}.seed'] = setting.get('noise'), seed
        if 'label' in setting:
            found[f'{dataset}.source.label'] = setting['label']
    return found


def write_grid(
    out,
    space: Space,
    count: int,
    settings: Sequence[str],
    places: Dict[str, str],
    seed: int = 0,
    extra: Optional[dict] = None,
) -> List[Path]:
    """Write the trials of a grid that are not there: all settings of a choice before the next choice.

    A grid that was begun keeps its choices, also where the space draws others by now: a number names one choice.

    Raises:
        ValueError: A setting that the suite does not have.
    """
    known = settings_of(space)
    unknown = [name for name in settings if name not in known]
    if unknown:
        raise ValueError(f'There is no setting {unknown[0]!r}, only {", ".join(known)}.')
    found = []
    choices = distinct([*begun(out), *grid_choices(space, count, seed)])[:count]
    for number, choice in enumerate(choices):
        for name in settings:
            folder = Path(out) / 'trials' / f'{number:04d}-{name}'
            if not (folder / 'trial.json').is_file():
                options = {**space.grid, **setting_options(known[name], seed), **(extra or {})}
                make_trial(
                    folder,
                    space,
                    choice,
                    seed=seed,
                    options=options,
                    places=places,
                    test=True,
                    setting=name,
                    number=number,
                )
            found.append(folder)
    return found


def begun(out) -> List[Choice]:
    """The choices of a grid's folder, by number."""
    found = {about['number']: from_dict(about['choice']) for about in map(read_trial, trials(out))}
    return [found[number] for number in sorted(found)]


def run_grid(
    out,
    workers: int,
    say: Callable[[str], None] = print,
    deadline: Optional[float] = None,
    what: str = 'trials',
) -> None:
    """Run what is open of a written grid; the same call goes on after any interruption.

    Args:
        out (str | Path): Its folder.
        workers (int): Processes.
        say (Callable): Takes lines for the user.
        deadline (float, optional): Seconds since the epoch; no trial begins after it.
        what (str): What the trials are called.

    Raises:
        RuntimeError: Workers cannot work.
    """
    out = Path(out)
    write_text(out / CLOSED, '')
    options = ['--deadline', str(deadline)] if deadline else []
    pool = Pool(['mmnoisy.search.worker', str(out), *options], out / 'logs', workers, say)
    left = {folder for folder in trials(out) if not is_finished(folder)}
    total, start, first = len(trials(out)), time.monotonic(), len(left)
    say(f'{total} {what}.' if first == total else f'{total - first} of {total} {what} are done.')
    try:
        pool.start(min(workers, len(left)))
        running = bool(left)
        while running:
            time.sleep(0.5)
            finished = {folder for folder in left if is_finished(folder)}
            left -= finished
            for folder in sorted(finished):
                pool.deaths = 0
                told = failure(folder)
                rate = (time.monotonic() - start) / max(1, first - len(left))
                ended = 'done' if told is None else f'failed: {told.splitlines()[0][:200]}'
                say(
                    f'{total - len(left)}/{total} {folder.name}: {ended} ({rate:.1f} s a trial, {len(left) * rate / 60:.0f} min left)'
                )
            running = pool.look()
    finally:
        pool.end()


def table(out) -> Dict[str, Dict[int, dict]]:
    """Results of a grid: ``{setting: {number of the choice: result}}``."""
    found: Dict[str, Dict[int, dict]] = {}
    for result in results(out):
        found.setdefault(result['setting'], {})[result['number']] = result
    return found
