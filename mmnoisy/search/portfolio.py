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
    known = np.where(np.isnan(scores), -np.inf, scores)
    best = known.max(0)
    regret = np.minimum(best - known, 100.0)
    covered, chosen = np.full(scores.shape[1], 100.0), []  # type: ignore[var-annotated]
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
    complete_rows = ~np.isnan(scores).any(1)
    if complete_rows.sum() >= options.get('least', 6):
        names = [name for name, whole in zip(choices, complete_rows) if whole]
        scores = scores[complete_rows]
    else:
        names = list(choices)
    return [choices[names[row]] for row in greedy(scores, **options)]


def value_of(result: dict) -> float:
    """The objective of a stored trial, percent: the best smoothed accuracy on noisy validation."""
    if 'value' in result:
        return result['value']
    return objective({int(epoch): accuracy for epoch, accuracy in result['validation'].items()}) or 0.0
