"""A few choices that together are near the best under every noise that was seen: tried before a search asks its sampler.

They are data, ``portfolio.json``, which ``tools/analysis_tools/choose_portfolio.py`` chooses from stored results by noisy
validation: of a grid, or of the benchmark's runs.
"""

import json
from importlib.resources import files
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import numpy as np

from ..engine.hooks.validation_record_hook import objective
from .choice import Choice, complete, from_dict
from .space import Space
from .trial import curve_of

FILE = 'portfolio.json'


def load(space: Space, path=None) -> List[Choice]:
    """The portfolio of a space, best first: what it can make of the stored choices, none twice.

    A choice of another space is taken where this space has its parts; numbers that are not stored are the defaults.

    Args:
        space (Space): The space.
        path (str | Path, optional): Another file.
    """
    text = Path(path).read_text(encoding='utf-8') if path else (files(__package__) / FILE).read_text(encoding='utf-8')
    stored = json.loads(text)
    entries = stored.get(space.name) or [entry for found in stored.values() for entry in found]
    found: Dict[str, Choice] = {}
    for entry in entries:
        choice = _fitted(space, from_dict(entry))
        if choice is not None:
            found.setdefault(repr(choice.parts), choice)
    return list(found.values()) or [complete(space)]


def _fitted(space: Space, choice: Choice) -> Optional[Choice]:
    """A choice in a space: None where its parts are not there; numbers within the space's ranges."""
    parts = {slot: part for slot, part in choice.parts.items() if slot in space.slots}
    left = {
        slot: part for slot, part in choice.parts.items() if slot not in space.slots and part not in ('none', 'linear')
    }
    if left and any(slot != 'network' for slot in left):
        return None
    try:
        plain = complete(space, parts)
    except ValueError:
        return None
    ranges = space.ranges(plain.parts)
    kept = {name: value for name, value in choice.numbers.items() if name in ranges and _inside(ranges[name], value)}
    return complete(space, parts, kept)


def _inside(given: dict, value) -> bool:
    return value in given['choices'] if 'choices' in given else given['low'] <= value <= given['high']


def greedy(scores: np.ndarray, size: int = 8, least: int = 6, gain: float = 0.05) -> List[int]:
    """Rows that cover the columns: each next one lowers the mean regret of the best so far the most.

    Args:
        scores (np.ndarray): (M, S) accuracy of M choices under S settings, percent; NaN where it was not measured.
        size (int): At most so many.
        least (int): At least so many, where there are.
        gain (float): Points of mean regret that one more has to bring, beyond ``least``.

    Returns:
        list[int]: Numbers of rows, first the one that is best alone.
    """
    # What was not measured counts as the worst that was.
    known = np.where(np.isnan(scores), np.nanmin(scores, axis=0), scores)
    regret = known.max(0) - known
    covered, chosen = np.full(scores.shape[1], 100.0), []
    while len(chosen) < min(size, len(scores)):
        # Ties, once every column is covered, go to the row that is best alone.
        after = np.minimum(covered, regret).mean(1) + 1e-3 * regret.mean(1)
        after[chosen] = np.inf
        row = int(after.argmin())
        if len(chosen) >= least and covered.mean() - np.minimum(covered, regret[row]).mean() < gain:
            break
        chosen.append(row)
        covered = np.minimum(covered, regret[row])
    return chosen


def choose(tables: Sequence[Dict[str, Dict[int, dict]]], without: Optional[str] = None, **options) -> List[Choice]:
    """The portfolio of stored trials.

    Args:
        tables (Sequence[dict]): Each ``{setting: {number: result}}``, see :func:`mmnoisy.search.grid.table`; the number
            names a choice within a table.
        without (str, optional): A setting that is not looked at, as it is to be judged.
        **options: See :func:`greedy`.

    Raises:
        ValueError: No result is left.
    """
    choices: Dict[str, Choice] = {}
    values: Dict[str, Dict[str, float]] = {}
    for place, table in enumerate(tables):
        for setting, trials in table.items():
            for result in trials.values() if setting != without else ():
                choice = from_dict(result['choice'])
                name = repr(sorted(choice.params().items()))
                choices[name] = choice
                values.setdefault(name, {})[f'{place} {setting}'] = value_of(result)
    if not choices:
        raise ValueError('There is no stored result to choose a portfolio from.')
    columns = sorted({column for found in values.values() for column in found})
    scores = np.array([[values[name].get(column, np.nan) for column in columns] for name in choices])
    names = list(choices)
    return [choices[names[row]] for row in greedy(scores, **options)]


def value_of(result: dict) -> float:
    """The objective of a stored trial, percent: the best smoothed accuracy on noisy validation."""
    if 'value' in result:
        return result['value']
    return objective(curve_of(result)) or 0.0


#: Single methods of the benchmark as choices, by the beginning of their configs' names.
METHODS = {
    'ce': {},
    'gce': dict(loss='gce'),
    'sce': dict(loss='sce'),
    'asymmetric-agce': dict(loss='agce'),
    'jal': dict(loss='jal'),
    'logit_clip': dict(loss='logit_clip'),
    'elr': dict(correction='elr'),
    'sop': dict(correction='sop'),
    'bootstrapping_soft': dict(correction='bootstrapping'),
    'smp': dict(correction='smp'),
    'forward': dict(correction='forward'),
    'mixup': dict(regulariser='mixup'),
    'mixup-ema': dict(regulariser='mixup_ema'),
    'label_smoothing': dict(regulariser='smoothing'),
    'coteaching-auto': dict(selection='coteaching'),
    'aum': dict(selection='aum'),
    'ssr': dict(selection='ssr', regulariser='mixup'),
    'dividemix': dict(selection='codivide', semi='mixmatch'),
}


#: Methods that a noise of the repository's results has to compare.
_COMPARED = 5


def methods_table(space: Space, folder=None) -> Dict[str, Dict[int, dict]]:
    """Single methods as a table of :func:`choose`: means over the seeds of noisy validation.

    Args:
        space (Space): Methods whose parts it lacks are left out.
        folder (str | Path, optional): Output of a benchmark, whose runs have their accuracy on noisy validation. None:
            the ``results.json`` of the repository, which have the test accuracy at the epoch that validation chose, or
            where it chose none, of the last one.
    """
    runs = list(_benchmark_runs(Path(folder)) if folder is not None else _repository_runs(space))
    names = [name for name in METHODS if _method(space, name) is not None]
    found: Dict[str, Dict[int, dict]] = {}
    for number, name in enumerate(names):
        values: Dict[str, List[float]] = {}
        for config, setting, value in runs:
            if config.split('_')[0] == name or config.startswith(f'{name}_') and name.count('_'):
                values.setdefault(setting, []).append(value)
        for setting, each in values.items():
            choice = _method(space, name)
            entry = dict(choice=dict(parts=choice.parts, numbers=choice.numbers), value=float(np.mean(each)))
            found.setdefault(setting, {})[number] = entry
    # Of a noise that only a chosen few were run under, the repository cannot tell which to take.
    return {setting: rows for setting, rows in found.items() if folder is not None or len(rows) >= _COMPARED}


def _method(space: Space, name: str) -> Optional[Choice]:
    try:
        return complete(space, METHODS[name])
    except ValueError:
        return None


def _benchmark_runs(folder: Path):
    """Config, noise and accuracy on noisy validation of each run of a benchmark."""
    for path in sorted(folder.glob('runs/*/result.json')):
        run = json.loads(path.read_text(encoding='utf-8'))
        if run.get('val_best') is not None and (run['noise_entry'] or {}).get('trained_on') is None:
            yield run['config'].rpartition('/')[2], run['noise'], run['val_best']


def _repository_runs(space: Space):
    """Config, noise and accuracy at the chosen epoch of each run on the data and network of the space's base."""
    from ..config import config_path

    base = config_path(space.base)
    tail = '_'.join(Path(base).stem.split('_')[1:]).split('-')[0]
    for path in sorted(Path(base).parents[1].glob('*/results.json')):
        for run in json.loads(path.read_text(encoding='utf-8'))['runs']:
            noise = run.get('noise') or {}
            value = run['last'] if run.get('at_best_val') is None else run['at_best_val']
            # A tuned run has other numbers than the choice that stands for its method.
            plain = 'trained_on' not in noise and 'setting' not in noise
            if tail in run['config'] and value is not None and plain:
                setting = json.dumps(noise, sort_keys=True) if noise else run['config'].rpartition('-')[2]
                yield run['config'], setting, value
