"""Searches simulated on a grid whose every trial is known: any order of trials costs nothing.

Random search draws trials of the grid. TPE asks for any choice and gets the nearest one of the grid that it has not had, and
learns from that one. A portfolio is chosen from the other settings alone.
"""

import random
from typing import Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from ..functional.class_weights import class_weights
from ..functional.smoothing import best_epoch, smoothed
from .choice import Choice, from_dict
from .judge import predictions
from .portfolio import choose, value_of
from .space import Space
from .study import distributions, make_sampler, optuna, suggest
from .trial import curve_of

#: Ways to search: with the portfolio first or without, then the sampler.
WAYS = dict(random=(False, 'random'), tpe=(False, 'tpe'), portfolio_tpe=(True, 'tpe'))


class Stored(NamedTuple):
    """One setting of a grid.

    Args:
        choices (list[Choice]): M choices.
        values (np.ndarray): (M,) objective, percent.
        clean (np.ndarray): (M,) accuracy on clean test data at the last tested epoch up to the chosen one, percent.
    """

    choices: List[Choice]
    values: np.ndarray
    clean: np.ndarray


def stored(trials: Dict[int, dict]) -> Stored:
    """A setting of :func:`mmnoisy.search.grid.table`."""
    found = [trials[number] for number in sorted(trials)]
    return Stored(
        [from_dict(result['choice']) for result in found],
        np.array([value_of(result) for result in found]),
        np.array([clean_accuracy(result) for result in found]),
    )


def rejudged(result: dict) -> dict:
    """A stored trial with the objective of a search, the accuracy in which classes count alike, of its stored predictions."""
    found = predictions(result['folder'])
    if found is None:
        return result
    hits = class_weights(found.labels) * (found.scores.argmax(1) == found.labels)
    return dict(result, value=100 * float(hits.mean()))


def clean_accuracy(result: dict) -> float:
    """Test accuracy where the run would be stopped: at the tested epoch that is best by smoothed validation, percent."""
    curve = curve_of(result)
    tested = {int(epoch): value for epoch, value in result['test'].items()}
    means = {epoch: value for epoch, value in smoothed(curve, 3).items() if epoch in tested}
    return tested[best_epoch(means, 1)] if means else tested[max(tested)]


def regrets(
    space: Space, tables: Dict[str, Dict[int, dict]], setting: str, way: str, seed: int, after: Sequence[int]
) -> List[float]:
    """What a simulated search loses against the best trial of the grid, in points of clean accuracy.

    Args:
        space (Space): The grid's space.
        tables (dict): See :func:`mmnoisy.search.grid.table`.
        setting (str): The one that is searched.
        way (str): One of :data:`WAYS`.
        seed (int): Of the simulation.
        after (Sequence[int]): Numbers of trials, ascending.

    Returns:
        list[float]: After each: the best clean accuracy of the grid, less that of the trial that is best by the objective.
    """
    first, sampler = WAYS[way]
    grid = stored(tables[setting])
    start = choose([tables], without=setting) if first else []
    order = tried(space, grid, sampler, [_index(grid, choice) for choice in start], seed, after[-1])
    best = grid.clean.max()
    return [float(best - grid.clean[max(order[:count], key=lambda i: grid.values[i])]) for count in after]


def tried(space: Space, grid: Stored, sampler: str, first: Sequence[Optional[int]], seed: int, count: int) -> List[int]:
    """Numbers of ``count`` choices of the grid, in the order of a simulated search."""
    order = [i for i in first if i is not None][:count]
    if sampler == 'random':
        rest = [i for i in range(len(grid.choices)) if i not in order]
        random.Random(seed).shuffle(rest)
        return (order + rest)[:count]
    study = optuna().create_study(direction='maximize', sampler=make_sampler('tpe', seed))
    for i in order:
        _add(study, space, grid, i)
    while len(order) < min(count, len(grid.choices)):
        trial = study.ask()
        wanted = suggest(trial, space)
        # The asked choice is not of the grid: what is learnt from is the one that stands for it.
        study.tell(trial, state=optuna().trial.TrialState.FAIL)
        left = [i for i in range(len(grid.choices)) if i not in set(order)]
        order.append(min(left, key=lambda i: distance(space, wanted, grid.choices[i])))
        _add(study, space, grid, order[-1])
    return order


def distance(space: Space, one: Choice, other: Choice) -> float:
    """A part that differs counts 1, a number that both have its difference as a share of its range, at most 1."""
    total = float(sum(one.parts[slot] != other.parts[slot] for slot in space.slots))
    ranges = space.ranges(one.parts)
    for name in set(one.numbers) & set(other.numbers):
        total += 0.5 * _apart(ranges[name], one.numbers[name], other.numbers[name])
    return total


def _apart(given: dict, one, other) -> float:
    if 'choices' in given:
        return float(one != other)
    ends = np.array([one, other, given['low'], given['high']], dtype=float)
    ends = np.log(ends) if given.get('log') else ends
    return float(abs(ends[0] - ends[1]) / (ends[3] - ends[2]))


def _add(study, space: Space, grid: Stored, i: int) -> None:
    choice = grid.choices[i]
    study.add_trial(
        optuna().trial.create_trial(
            params=choice.params(), distributions=distributions(space, choice), value=float(grid.values[i])
        )
    )


def _index(grid: Stored, choice: Choice) -> Optional[int]:
    """Where a choice stands in a setting of the grid; None where it was not run there."""
    return next((i for i, other in enumerate(grid.choices) if other.params() == choice.params()), None)


def rank_correlation(grid: Stored) -> float:
    """Spearman's rho of the objective and clean accuracy."""
    from scipy.stats import spearmanr

    return float(spearmanr(grid.values, grid.clean).statistic)
