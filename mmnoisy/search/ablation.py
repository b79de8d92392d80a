"""Which part helps: the best combination again, each part removed in turn, on the same seeds and folds."""

import csv
from argparse import ArgumentParser
from itertools import combinations
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

import numpy as np
from mmengine.config import Config

from ..benchmark.statistics import Pairs, pairs
from ..files import replace_file
from .about import is_search, read_search
from .choice import Choice, complete, content, from_dict
from .confirm import mcnemar, number_of_folds, right_by_sample
from .grid import run_grid
from .judged import NOISY, Judged
from .portfolio import value_of
from .replay import clean_accuracy
from .space import Space
from .trial import make_trial, results

WHOLE = 'all parts'


class Removal(NamedTuple):
    """What a part brings.

    Args:
        removed (str): ``slot=part``, or :data:`WHOLE`.
        value (float): Mean objective without it, percent.
        gain (Pairs, optional): What all parts have more, by seeds; None for all parts themselves.
        p (float, optional): McNemar's test on the pooled held-out samples.
        test (float, optional): Mean test accuracy without it, percent, where the base has test data.
        test_gain (Pairs, optional): What all parts have more of it.
    """

    removed: str
    value: float
    gain: Optional[Pairs]
    p: Optional[float]
    test: Optional[float]
    test_gain: Optional[Pairs]


def variants(space: Space, best: Choice) -> Dict[str, Choice]:
    """The choice itself and those that lack one part each, by what is removed.

    A part without which the others do not compose is removed together with these; the name says so.
    """
    found = {WHOLE: best}
    for slot, part in best.parts.items():
        plain = space.slots[slot][0]
        if part == plain:
            continue
        others = [other for other, name in best.parts.items() if other != slot and name != space.slots[other][0]]
        for more in (more for count in range(len(others) + 1) for more in combinations(others, count)):
            removed = [slot, *more]
            without = _complete(space, {**best.parts, **{one: space.slots[one][0] for one in removed}}, best)
            if without is not None:
                if without not in found.values():
                    found[' and '.join(f'{one}={best.parts[one]}' for one in removed)] = without
                break
    return found


def _complete(space: Space, parts: Dict[str, str], best: Choice) -> Optional[Choice]:
    try:
        ranges = space.ranges(parts)
        return complete(space, parts, {name: value for name, value in best.numbers.items() if name in ranges})
    except ValueError:
        return None


def ablate(best, out, seeds: int = 3, workers: int = 1, say: Callable[[str], None] = print) -> List[Removal]:
    """Train all variants; returns all parts first, then the removals, those that cost most first. The same call goes on.

    Args:
        best (str | Path): ``best.py`` of a search, with ``search.json`` beside it.
        out (str | Path): Folder of the output.
        seeds (int): Trainings of each variant, each with a seed and a fold of its own.
        workers (int): Processes.
        say (Callable): Takes lines for the user.

    Raises:
        ValueError: The config says nothing of a choice.
    """
    space, choice, about = read_best(best)
    out = Path(out)
    folds = number_of_folds(content(space, choice, about['options'], about['places']))
    for i, (removed, variant) in enumerate(variants(space, choice).items()):
        for seed in range(seeds):
            folder = out / 'trials' / f'{i}-{seed}'
            if not (folder / 'trial.json').is_file():
                named: Dict[str, Any] = dict(
                    removed=removed, run=seed, options=about['options'], places=about['places']
                )
                make_trial(folder, space, variant, seed=2000 + seed, fold=seed % folds, test=True, **named)
    run_grid(out, workers, say, what='trainings, of all parts and without each of them')
    found = removals(out)
    write_csv(found, out / 'ablation.csv', about['judged'])
    return found


def read_best(best):
    """Space, choice, and ``search.json`` of a search's ``best.py``.

    Raises:
        ValueError: It is no config that a search wrote, or its search.json is gone.
    """
    best = Path(best)
    chosen = Config.fromfile(best).get('search_choice')
    if chosen is None or not is_search(best.parent):
        raise ValueError(f'{best} is not the best.py of a search, with its search.json beside it.')
    space, about = read_search(best.parent)
    return space, from_dict(chosen.to_dict()), about


def removals(out) -> List[Removal]:
    """What finished runs of an ablation say."""
    runs: Dict[str, List[dict]] = {}
    for result in results(out):
        runs.setdefault(result['removed'], []).append(result)
    if WHOLE not in runs:
        raise ValueError(f'No run of all parts in {out} has a result: see failed.json in the folders.')
    values = {(name, 'all', run['run']): value_of(run) for name, each in runs.items() for run in each}
    tested = {
        (name, 'all', run['run']): clean_accuracy(run) for name, each in runs.items() for run in each if run['test']
    }
    right = {name: right_by_sample(each) for name, each in runs.items()}
    found = []
    for name in runs:
        whole = name == WHOLE
        found.append(
            Removal(
                name,
                float(np.mean([value for (other, _, _), value in values.items() if other == name])),
                None if whole else pairs(values, WHOLE, name),
                None if whole else mcnemar(right[WHOLE], right[name]),
                _mean([value for (other, _, _), value in tested.items() if other == name]),
                None if whole else pairs(tested, WHOLE, name),
            )
        )
    return sorted(found, key=lambda one: (one.removed != WHOLE, one.value))


def _mean(values: Sequence[float]) -> Optional[float]:
    return float(np.mean(values)) if values else None


def table(found: Sequence[Removal], judged: Judged = NOISY) -> List[str]:
    """Lines of a Markdown table."""
    lines = [
        f'| removed | {judged.by} | it brings | p | test | it brings |',
        '| --- | --- | --- | --- | --- | --- |',
    ]
    for one in found:
        p = '' if one.p is None else f'{one.p:.2g}'
        test = '' if one.test is None else f'{one.test:.1f}'
        lines.append(f'| {one.removed} | {one.value:.2f} | {_gain(one.gain)} | {p} | {test} | {_gain(one.test_gain)} |')
    return lines


def _gain(gain: Optional[Pairs]) -> str:
    if gain is None:
        return ''
    interval = '' if gain.low is None else f' ({gain.low:+.2f} to {gain.high:+.2f})'
    return f'{gain.mean:+.2f}{interval}'


def write_csv(found: Sequence[Removal], path, judged: Judged = NOISY) -> None:
    """``ablation.csv``: a row a removal."""
    with replace_file(path, newline='', encoding='utf-8') as file:
        writer = csv.writer(file)
        writer.writerow(('removed', judged.column, 'gain', 'gain_low', 'gain_high', 'p', 'test', 'test_gain'))
        for one in found:
            gain = one.gain or Pairs(0, 0.0, None, None, None, 0)
            test_gain = None if one.test_gain is None else one.test_gain.mean
            writer.writerow((one.removed, one.value, gain.mean, gain.low, gain.high, one.p, one.test, test_gain))


def main(argv: Optional[Sequence[str]] = None) -> int:
    """The command ``tools/ablate.py``."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument('best', help='best.py of a search')
    parser.add_argument('--out', help='folder of the output; ablation beside best.py by default')
    parser.add_argument('--seeds', type=int, default=3, help='trainings of each variant; 3 by default')
    parser.add_argument('--workers', type=int, default=1, help='processes')
    args = parser.parse_args(argv)
    try:
        found = ablate(args.best, args.out or Path(args.best).parent / 'ablation', args.seeds, args.workers)
    except (ValueError, FileNotFoundError, RuntimeError) as error:
        raise SystemExit(str(error)) from error
    print('\n'.join(table(found, read_best(args.best)[2]['judged'])))
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
