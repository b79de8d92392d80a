"""How well accuracy on noisy validation chooses the *method*: order and regret over the finished runs of a suite."""

from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

import numpy as np

from ..files import replace_file
from .figures import values_of
from .page import error_text, table
from .statistics import Mean, Values, kendall, mean_std
from .store import Store

#: Sizes of smaller validation sets that are simulated.
SIZES = (50, 100, 200, 500, 1000)
_DRAWS = 500


class MethodChoice(NamedTuple):
    """A choice among M methods, which all have the same seeds.

    Args:
        noise (str): Its key in the suite.
        methods (list[str]): Those to choose from; neither the ceiling nor methods that lack a seed of plain CE, or
            the test accuracy at the chosen epoch.
        chosen (list[str]): The method with the best noisy validation, by seed.
        tau (Mean | None): Kendall's tau-b of noisy validation and clean test accuracy over the methods, over the seeds, in
            [-1, 1]; None where all are alike.
        regret (Mean): Points of clean test accuracy that the chosen methods lose to the best ones, over the seeds, >= 0.
        worst (float): What the worst method would lose.
        by_size (dict[int, float]): Regret by the size of the validation set.
    """

    noise: str
    methods: List[str]
    chosen: List[str]
    tau: Optional[Mean]
    regret: Mean
    worst: float
    by_size: Dict[int, float]


def choices(store: Store) -> List[MethodChoice]:
    """By noise, in the suite's order; noises under which fewer than three methods were run are left out.

    Each method stands for the epoch that its noisy validation chooses. Smaller validation sets are simulated: each
    method's accuracy is drawn anew from a binomial distribution, as if the methods were judged by sets of their own. A
    set that all share, as in a real choice, cancels a part of that chance, so that these regrets are upper bounds.
    """
    validation, test = values_of(store, 'val_best'), values_of(store, 'at_best_val')
    # Test data may not have been looked at in the epoch that was chosen.
    known = validation.keys() & test.keys()
    plain, ceiling, found = store.suite.by_role('ce'), store.suite.by_role('ceiling'), []
    for noise in store.suite.noises:
        seeds = [seed for seed in store.suite.seeds if (plain, noise, seed) in known]
        methods = [
            method
            for method in store.suite.methods
            if method != ceiling and seeds and all((method, noise, seed) in known for seed in seeds)
        ]
        if len(methods) > 2:
            found.append(_choice(noise, methods, seeds, validation, test))
    return found


def _choice(noise: str, methods: List[str], seeds: List[int], validation: Values, test: Values) -> MethodChoice:
    judged = np.array([[validation[method, noise, seed] for method in methods] for seed in seeds])
    right = np.array([[test[method, noise, seed] for method in methods] for seed in seeds])
    lost = right.max(1, keepdims=True) - right
    best = judged.argmax(1)
    taus = [kendall(own, its) for own, its in zip(judged, right)]
    regret = mean_std(list(lost[np.arange(len(seeds)), best].astype(float)))
    assert regret is not None
    rng = np.random.default_rng(0)
    by_size = {}
    for size in SIZES:
        draws = rng.binomial(size, judged / 100, size=(_DRAWS, *judged.shape)) + rng.random((_DRAWS, *judged.shape)) / 2
        by_size[size] = float(np.take_along_axis(lost[None], draws.argmax(2)[..., None], 2).mean())
    return MethodChoice(
        noise=noise,
        methods=methods,
        chosen=[methods[row] for row in best],
        tau=None if None in taus else mean_std(taus),
        regret=regret,
        worst=float(lost.max(1).mean()),
        by_size=by_size,
    )


def choice_page(store: Store, found: List[MethodChoice], picture: str, folds: Optional[str] = None) -> str:
    """The page of ``docs/``, with the name of its picture, and of the page about out-of-fold predictions where there is one."""
    suite, titles = store.suite, {}
    for method, options in suite.methods.items():
        titles[method] = options.get('title', method)
    rows = []
    for entry in found:
        names = [f'{titles[m]} ({entry.chosen.count(m)})' for m in dict.fromkeys(entry.chosen)]
        tau = '' if entry.tau is None else error_text(entry.tau.mean, entry.tau.error, 2)
        regret = error_text(entry.regret.mean, entry.regret.error, 1)
        row = [entry.noise, str(len(entry.methods)), tau, ', '.join(names), regret, f'{entry.worst:.1f}']
        rows.append(row + [f'{entry.by_size[size]:.1f}' for size in SIZES])
    head = ['noise', 'methods', "Kendall's tau", 'chosen (seeds)', 'regret', 'of the worst', *map(str, SIZES)]
    return '\n\n'.join([
        '---\norphan: true\n---',
        f'# Does noisy validation choose the right method? {suite.title}',
        'Over the finished runs of this suite, by noise: how far the order of the methods by accuracy on held-out *noisy* labels is '
        'that by accuracy on clean test images (tau: 1 is the same order, 0 is chance), which method the noisy labels choose, and how '
        'many points of clean accuracy it loses to the best one (regret). Each method stands for the epoch that its noisy '
        'validation chooses. Means over the seeds, ± their standard error. The column *of the worst* is what the worst choice would '
        'lose.',
        'The last columns are the regret with smaller validation sets, simulated: each accuracy is drawn anew from a binomial '
        'distribution, independently of the other methods. A validation set that all methods share cancels a part of that '
        'chance, so these are upper bounds.',
        *([f'With out-of-fold predictions, and one validation set for all methods: [{folds}]({folds}).'] if folds else []),
        table(head, rows),
        f'![Regret by the size of the validation set]({picture})',
    ]) + '\n'  # fmt: skip


def draw_choices(found: List[MethodChoice], path) -> None:
    """Regret by the size of the validation set, one line a noise."""
    import matplotlib

    matplotlib.use('Agg')
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout='constrained')
    for entry in found:
        (line,) = axes.plot(list(entry.by_size), list(entry.by_size.values()), 'o-', label=entry.noise)
        axes.axhline(entry.regret.mean, color=line.get_color(), linestyle=':')
    axes.set(
        xscale='log',
        xlabel='Noisy validation samples (simulated; dotted: the set that was used)',
        ylabel='Regret (points of clean accuracy)',
    )
    axes.grid(alpha=0.3)
    axes.legend()
    with replace_file(Path(path), 'wb') as file:
        figure.savefig(file, dpi=110, format='png')
    plt.close(figure)
