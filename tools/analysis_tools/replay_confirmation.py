"""Simulate the choice among finalists on a grid whose every trial is known: what each rule loses.

    python tools/analysis_tools/replay_confirmation.py GRID_FOLDER

Twenty trials of a setting are drawn; a third of the held-out labels stands for the search, the rest for the confirmation. Prints
a table in Markdown of the regret: the best clean test accuracy of the twenty less that of the trial that is chosen, in points, and of
the chosen trial's processor time.
"""

import argparse
from typing import Callable, Dict, List, NamedTuple, Sequence

import numpy as np

from mmnoisy.search.confirm import MARGIN, behind, mcnemar
from mmnoisy.search.grid import table
from mmnoisy.search.judge import predictions
from mmnoisy.search.replay import clean_accuracy

#: Trials of a simulated search, and how many of them are confirmed.
TRIALS, FINALISTS = 20, 3


class Setting(NamedTuple):
    """One setting of a grid: (M,) numbers of M trials, and (M, n) whether each held-out label was predicted."""

    parts: List[str]
    clean: np.ndarray
    seconds: np.ndarray
    right: np.ndarray


def setting_of(trials: Dict[int, dict]) -> Setting:
    told = [predictions(result['folder']) for result in trials.values()]
    return Setting(
        [str(sorted(result['choice']['parts'].items())) for result in trials.values()],
        np.array([clean_accuracy(result) for result in trials.values()]),
        np.array([result['seconds']['cpu'] for result in trials.values()]),
        np.stack([found.scores.argmax(1) == found.labels for found in told]),
    )


def hits(right: np.ndarray) -> Dict[tuple, bool]:
    return {(0, i, 0): bool(hit) for i, hit in enumerate(right)}


def cheapest(setting: Setting, alike: Sequence[int], mean: np.ndarray) -> int:
    """The best of those that take at most a fifth more time than the fastest."""
    limit = 1.2 * min(setting.seconds[i] for i in alike)
    return max((i for i in alike if setting.seconds[i] <= limit), key=lambda i: mean[i])


def choices(setting: Setting, drawn: np.ndarray, searched: np.ndarray, confirmed: np.ndarray) -> Dict[str, int]:
    """The trial that each rule chooses."""
    first = sorted(drawn, key=lambda i: -setting.right[i, searched].mean())
    mean = setting.right[:, confirmed].mean(1)
    each = {i: hits(setting.right[i, confirmed]) for i in first}

    def by(finalists: Sequence[int], alike: Callable[[int, int], bool]) -> int:
        best = max(finalists, key=lambda i: mean[i])
        return cheapest(setting, [i for i in finalists if i == best or alike(best, i)], mean)

    seen: Dict[str, int] = {}
    for i in first:
        seen.setdefault(setting.parts[i], i)
    top, apart = first[:FINALISTS], list(seen.values())[:FINALISTS]
    return {
        'no confirmation': first[0],
        'the best': by(top, lambda best, i: False),
        'the cheapest that cannot be told apart (McNemar, p >= .05)': by(
            top, lambda best, i: mcnemar(each[best], each[i]) >= 0.05
        ),
        'the cheapest that is no worse': by(top, lambda best, i: behind(each[best], each[i]) <= MARGIN),
        'the same, finalists of different parts': by(apart, lambda best, i: behind(each[best], each[i]) <= MARGIN),
    }


def simulate(setting: Setting, repeats: int, rng: np.random.Generator) -> Dict[str, np.ndarray]:
    """(repeats, 2) regret and seconds of each rule."""
    found: Dict[str, List[tuple]] = {}
    count, labels = setting.right.shape
    for _ in range(repeats):
        drawn, order = rng.choice(count, min(TRIALS, count), replace=False), rng.permutation(labels)
        for rule, i in choices(setting, drawn, order[: labels // 3], order[labels // 3 :]).items():
            found.setdefault(rule, []).append((setting.clean[drawn].max() - setting.clean[i], setting.seconds[i]))
    return {rule: np.array(rows) for rule, rows in found.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('grid', help='folder of `tools/search.py grid`')
    parser.add_argument('--repeats', type=int, default=200)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    found = {name: simulate(setting_of(trials), args.repeats, rng) for name, trials in table(args.grid).items()}
    print('| chosen is | ' + ' | '.join(f'`{name}`' for name in found) + ' | mean | seconds |')
    print('| --- ' * (len(found) + 3) + '|')
    for rule in next(iter(found.values())):
        rows = [simulated[rule] for simulated in found.values()]
        cells = [f'{row[:, 0].mean():.2f} ± {row[:, 0].std(ddof=1) / len(row) ** 0.5:.2f}' for row in rows]
        regret, seconds = np.mean([row.mean(0) for row in rows], axis=0)
        print(f'| {rule} | ' + ' | '.join(cells) + f' | {regret:.2f} | {seconds:.1f} |')


if __name__ == '__main__':
    main()
