"""The best trials once more, with fresh seeds on other folds: the figure of a winner of many is too good.

Every finalist is trained with each seed on each fold, so that they are compared on the same held-out samples. A cheaper one
takes the place of the best where it is shown to be no worse, not where it merely cannot be told apart: of few labels nothing
can be told, and giving each such case to the cheaper one costs more than a confirmation gains (docs/search.md).
"""

import shutil
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..config import label_noises
from ..engine.hooks.validation_record_hook import objective
from ..functional.class_weights import class_weights
from ..functional.smoothing import best_epoch
from .choice import Choice, content, from_dict
from .grid import run_grid
from .judge import estimated_noise, predictions, slope
from .judged import NOISY, Judged
from .leaderboard import Entry
from .space import Space
from .trial import curve_of, make_trial, read_trial, results, trials

#: A finalist is as good as the best where it is less than so many points of clean accuracy behind, with a certainty of 95 %.
MARGIN = 0.5
#: Of the normal distribution, one-sided.
_Z95 = 1.645


class Finalist(NamedTuple):
    """A choice that was trained again.

    Args:
        choice (Choice): The choice.
        searched (float): Its objective in the search, percent.
        mean (float): Mean of the objective over the new runs, percent.
        each (list[float]): Of each run.
        p (float): Of McNemar's test that it is as good as the best of the finalists, on the pooled held-out samples.
        behind (float): Upper bound (95 %) of what it is behind the best on these, in points.
        epoch (int): Median of the best epochs.
        seconds (float): Mean time of training.
        chosen (bool): Whether it is the winner.
    """

    choice: Choice
    searched: float
    mean: float
    each: List[float]
    p: float
    epoch: int
    seconds: float
    behind: float = 0.0
    chosen: bool = False


def confirm(
    out,
    space: Space,
    entries: Sequence[Entry],
    seeds: int,
    workers: int,
    *,
    options: Optional[dict] = None,
    places: Optional[Dict[str, str]] = None,
    balanced: bool = True,
    say: Callable[[str], None] = print,
) -> List[Finalist]:
    """Train the best trials again; returns them best first, the winner marked. The same call goes on.

    Args:
        out (str | Path): Folder of the search; the runs are in ``confirm`` there.
        space (Space): The space.
        entries (Sequence[Entry]): What is trained again, best first.
        seeds (int): Runs of each.
        workers (int): Processes.
        options, places: As in the search.
        balanced (bool): Whether the labels are noisy, and the classes count alike. Defaults to True.
        say (Callable): Takes lines for the user.
    """
    out = Path(out) / 'confirm'
    folds = number_of_folds(content(space, entries[0].choice, options))
    if any(is_of_another(read_trial(folder), entries) for folder in trials(out)):
        say('The search has gone on and has other finalists: they are confirmed anew.')
        shutil.rmtree(out / 'trials')
    for rank, entry in enumerate(entries):
        for run in range(seeds):
            folder = out / 'trials' / f'{rank}-{run}'
            # Fold 0 is the one that was searched on.
            fold = 1 + run % (folds - 1) if folds > 1 else 0
            about: Dict[str, Any] = dict(rank=rank, searched=entry.value, run=run)
            if not (folder / 'trial.json').is_file():
                make_trial(
                    folder, space, entry.choice, seed=1000 + run, fold=fold, options=options, places=places, **about
                )
    run_grid(out, workers, say, what=f'trainings that confirm the best {len(entries)}')
    return judged(out, balanced)


def is_of_another(about: dict, entries: Sequence[Entry]) -> bool:
    """Whether a training of a confirmation is of another choice than the finalist of its rank."""
    return about['rank'] < len(entries) and from_dict(about['choice']) != entries[about['rank']].choice


def number_of_folds(whole: dict) -> int:
    """Disjoint held-out shares of the data that a config can take; 1 where the validation data are given."""
    noises = list(label_noises([whole.get('val_dataloader')]))
    return max(1, int(1 / noises[0]['holdout'] + 1e-9)) if noises and noises[0].get('holdout') else 1


def judged(out, balanced: bool = True) -> List[Finalist]:
    """Finalists of finished runs, best first; ``balanced``: the labels are noisy, and classes count alike in what one is behind."""
    ranks: Dict[int, List[dict]] = {}
    for result in results(out):
        ranks.setdefault(result['rank'], []).append(result)
    wanted = max((len(runs) for runs in ranks.values()), default=0)
    whole = {rank: runs for rank, runs in ranks.items() if len(runs) == wanted}
    if not whole:
        raise ValueError(
            f'None of the {len(trials(out))} runs in {out} has a result: see failed.json in their folders.'
        )
    right = {rank: right_by_sample(runs, balanced) for rank, runs in whole.items()}
    found = {rank: _finalist(runs) for rank, runs in whole.items()}
    best = max(found, key=lambda rank: found[rank].mean)
    found = {
        rank: one._replace(p=mcnemar(right[best], right[rank]), behind=behind(right[best], right[rank]))
        for rank, one in found.items()
    }
    # A point on noisy labels is more than one of clean accuracy.
    margin = MARGIN * (slope(estimated_noise(predictions(whole[best][0]['folder']))) if balanced else 1.0)
    alike = [rank for rank, one in found.items() if one.behind <= margin]
    winner = cheapest({rank: (one.seconds, one.mean) for rank, one in found.items() if rank in alike})
    found[winner] = found[winner]._replace(chosen=True)
    return sorted(found.values(), key=lambda one: -one.mean)


def cheapest(alike: Dict[int, Tuple[float, float]]) -> int:
    """Of those that are as good as each other, by (seconds, mean), the best of the fastest: a fifth of the time is no difference."""
    limit = 1.2 * min(seconds for seconds, _ in alike.values())
    return max((one for one, (seconds, _) in alike.items() if seconds <= limit), key=lambda one: alike[one][1])


def _finalist(runs: List[dict]) -> Finalist:
    curves = [curve_of(run) for run in runs]
    each = [objective(curve) for curve in curves]
    epoch = int(np.median([best_epoch(curve, 3) for curve in curves]))
    seconds = float(np.mean([run['seconds']['train'] or 0 for run in runs]))
    choice = from_dict(runs[0]['choice'])
    return Finalist(choice, runs[0]['searched'], float(np.mean(each)), each, 1.0, epoch, seconds)


def finalists(entries: Sequence[Entry], count: int) -> List[Entry]:
    """Of trials, best first, those to train again: the best of each set of parts, as far as they reach; then the next.

    Trials that differ in a number alone are nearly one: to confirm three of them is to confirm one three times.
    """
    whole = [entry for entry in entries if entry.stopped is None] or list(entries[:1])
    parts, first, rest = set(), [], []
    for entry in whole:
        of = tuple(sorted(entry.choice.parts.items()))
        (rest if of in parts else first).append(entry)
        parts.add(of)
    return (first + rest)[:count]


def right_by_sample(runs: List[dict], balanced: bool = False) -> Dict[tuple, float]:
    """1 where a held-out sample's given label was predicted, else 0, by fold, sample and run; or that times its class weight."""
    found: Dict[tuple, float] = {}
    for run in runs:
        told = predictions(run['folder'])
        hits = (told.scores.argmax(1) == told.labels) * (class_weights(told.labels) if balanced else 1.0)
        found.update({(run['fold'], int(i), run['run']): float(hit) for i, hit in zip(told.rows, hits)})
    return found


def behind(best: Dict[tuple, float], other: Dict[tuple, float]) -> float:
    """Upper bound (95 %, one-sided) of what one is behind the best on the samples that both have, in points.

    Runs on the same samples are no further samples: the difference of a sample is the mean over them.
    """
    each: Dict[tuple, List[float]] = {}
    for key in best.keys() & other.keys():
        each.setdefault(key[:2], []).append(best[key] - other[key])
    difference = 100 * np.array([np.mean(values) for values in each.values()])
    if len(difference) < 2:
        return 0.0 if not difference.any() else 100.0
    return float(difference.mean() + _Z95 * difference.std(ddof=1) / np.sqrt(len(difference)))


def mcnemar(one: Dict[tuple, float], other: Dict[tuple, float]) -> float:
    """Probability of the exact test that two are right equally often, on the samples that both have; 1 where they never differ."""
    from scipy.stats import binomtest

    both = [(one[key], other[key]) for key in one.keys() & other.keys()]
    first, second = sum(a > 0 and b == 0 for a, b in both), sum(b > 0 and a == 0 for a, b in both)
    return float(binomtest(first, first + second).pvalue) if first + second else 1.0


def sentences(finalists: Sequence[Finalist], how: Judged = NOISY) -> List[str]:
    """What the confirmation says, for a person."""
    found = []
    for one in finalists:
        mark = ' <- chosen' if one.chosen else ''
        spread = f' ({", ".join(f"{value:.1f}" for value in one.each)})'
        found.append(
            f'Confirmed {one.mean:.2f}{spread}, in the search {one.searched:.2f}, at most {one.behind:.2f} behind, '
            f'{one.seconds:.1f} s: {one.choice}{mark}'
        )
    lost = max(one.searched for one in finalists) - finalists[0].mean
    where = f'{abs(lost):.2f} points {"above" if lost > 0 else "below"}' if abs(lost) >= 0.005 else 'the same as'
    if not finalists[0].chosen and any(one.chosen for one in finalists):
        found.append(
            f'The chosen one is less than {MARGIN} points of clean accuracy behind the best (95 %), and cheaper to train.'
        )
    found.append(f'The best figure of the search was {where} the best that {how.again} confirm.')
    return found
