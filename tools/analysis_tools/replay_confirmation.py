"""Simulate the choice of a trial on a grid whose every trial is known: what each objective and each rule of confirmation loses.

    python tools/analysis_tools/replay_confirmation.py GRID_FOLDER

Twenty trials of a setting are drawn; a third of the held-out labels stands for the search, the rest for the confirmation. Prints
a table in Markdown of the regret: the best clean test accuracy of the twenty less that of the trial that is chosen, in points, and of
the chosen trial's processor time.
"""

import argparse
from typing import Callable, Dict, List, NamedTuple, Sequence

import numpy as np

from mmnoisy.functional.class_weights import class_weights
from mmnoisy.functional.transition_estimators import joint_rows
from mmnoisy.search.confirm import MARGIN, behind, cheapest, mcnemar
from mmnoisy.search.grid import table
from mmnoisy.search.judge import Predictions, estimated_noise, predictions, slope
from mmnoisy.search.replay import clean_accuracy

#: Trials of a simulated search, and how many of them are confirmed.
TRIALS, FINALISTS = 20, 3


class Setting(NamedTuple):
    """One setting of a grid.

    Args:
        parts (list[str]): Of M trials.
        clean (np.ndarray): (M,) clean test accuracy, percent.
        seconds (np.ndarray): (M,) processor time.
        labels (np.ndarray): (n,) of the held-out samples, as given.
        scores (np.ndarray): (M, n, K) predictions of these.
    """

    parts: List[str]
    clean: np.ndarray
    seconds: np.ndarray
    labels: np.ndarray
    scores: np.ndarray


def setting_of(trials: Dict[int, dict]) -> Setting:
    told = [predictions(result['folder']) for result in trials.values()]
    return Setting(
        [str(sorted(result['choice']['parts'].items())) for result in trials.values()],
        np.array([clean_accuracy(result) for result in trials.values()]),
        np.array([result['seconds']['cpu'] for result in trials.values()]),
        told[0].labels,
        np.stack([found.scores for found in told]),
    )


def hits(right: np.ndarray) -> Dict[tuple, float]:
    return {(0, i, 0): float(hit) for i, hit in enumerate(right)}


def corrected(setting: Setting, drawn: np.ndarray, best: int, rows: np.ndarray) -> int:
    """The best by the accuracy that T corrects, which the best trial's predictions give."""
    inverse = np.linalg.pinv(joint_rows(setting.scores[best, rows], setting.labels[rows]))
    predicted = setting.scores[drawn][:, rows].argmax(2)
    return drawn[inverse[setting.labels[rows], predicted].mean(1).argmax()]


def choices(setting: Setting, drawn: np.ndarray, searched: np.ndarray, confirmed: np.ndarray) -> Dict[str, int]:
    """The trial that each rule chooses."""
    right = (setting.scores.argmax(2) == setting.labels).astype(float)
    alike = np.ones_like(right)
    for rows in (searched, confirmed):
        alike[:, rows] = class_weights(setting.labels[rows])
    plain = max(drawn, key=lambda i: right[i, searched].mean())
    right *= alike
    first = sorted(drawn, key=lambda i: -right[i, searched].mean())
    mean = right[:, confirmed].mean(1)
    each = {i: hits(right[i, confirmed]) for i in first}

    def as_good(best: int, i: int) -> bool:
        noise = estimated_noise(Predictions(confirmed, setting.scores[best, confirmed], setting.labels[confirmed]))
        return behind(each[best], each[i]) <= MARGIN * slope(noise)

    def by(finalists: Sequence[int], tied: Callable[[int, int], bool]) -> int:
        best = max(finalists, key=lambda i: mean[i])
        return cheapest({i: (setting.seconds[i], mean[i]) for i in finalists if i == best or tied(best, i)})

    seen: Dict[str, int] = {}
    for i in first:
        seen.setdefault(setting.parts[i], i)
    top, apart = first[:FINALISTS], list(seen.values())[:FINALISTS]
    return {
        'not confirmed: best by accuracy': plain,
        'not confirmed: best by accuracy that T corrects': corrected(setting, drawn, plain, searched),
        'not confirmed: best by accuracy with classes alike': first[0],
        'confirmed: the best': by(top, lambda best, i: False),
        'confirmed: the cheapest that McNemar cannot tell from the best (p >= .05)': by(
            top, lambda best, i: mcnemar(each[best], each[i]) >= 0.05
        ),
        'confirmed: the cheapest that is shown to be as good': by(top, as_good),
        'the same, finalists of different parts': by(apart, as_good),
    }


def simulate(setting: Setting, repeats: int, rng: np.random.Generator) -> Dict[str, np.ndarray]:
    """(repeats, 2) regret and seconds of each rule."""
    found: Dict[str, List[tuple]] = {}
    count, labels = setting.scores.shape[:2]
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
