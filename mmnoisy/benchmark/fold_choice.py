"""How well one held-out share chooses the method, and how well the pooled shares of several folds do, label for label."""

from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..engine.hooks.validation_record_hook import PREDICTIONS
from ..evaluation.results_file import value
from .statistics import kendall, mean_std
from .store import Store

#: Sizes of validation sets that are drawn from the held-out samples.
SIZES = (50, 100, 200, 500, 1000, 2000)
_DRAWS = 100


class HowWell(NamedTuple):
    """How sets of noisy validation labels choose among methods; means over the sets, and standard errors.

    Args:
        tau (float): Kendall's tau-b of the accuracy on them and the clean test accuracy over the methods, in [-1, 1].
        tau_error (float | None): Of ``tau``; None where it cannot be said.
        regret (float): Points of clean test accuracy that the chosen method loses to the best one, >= 0.
        regret_error (float | None): Of ``regret``.
    """

    tau: float
    tau_error: Optional[float]
    regret: float
    regret_error: Optional[float]


class FoldChoice(NamedTuple):
    """Under one noise.

    Args:
        noise (str): Its key in the suite.
        methods (list[str]): Those to choose from, which have all folds of the same seeds; without the ceiling.
        seeds (list[int]): These seeds.
        split (dict[int, HowWell]): By the number of labels, of one fold.
        pooled (dict[int, HowWell]): By the number of labels, of all folds alike; the last is of all labels.
        chosen (list[str]): The method with the best accuracy on all labels, by seed.
    """

    noise: str
    methods: List[str]
    seeds: List[int]
    split: Dict[int, HowWell]
    pooled: Dict[int, HowWell]
    chosen: List[str]


class _Seed(NamedTuple):
    """``met[k]`` (M, n_k) bool, whether a method gives a held-out sample of fold k its noisy label; ``worth`` (M,)."""

    met: List[np.ndarray]
    worth: np.ndarray


def fold_choices(store: Store) -> List[FoldChoice]:
    """By noise, in the suite's order; noises under which fewer than three methods have finished are left out.

    A method's worth is its clean test accuracy at the epoch that a fold's labels choose, mean over the folds: one worth for both
    ways of judging. All methods are judged on the same labels. Labels are drawn without replacement from a fold, or from one of
    as many disjoint sets of a fold's size that have an equal share of each fold: the means and their standard errors are
    over these, and the seeds. Of all labels there is one set a seed, whose standard error is that of a bootstrap.

    Raises:
        ValueError: Two methods were judged on different samples.
    """
    plain, found = store.suite.by_role('ce'), []
    for noise in store.suite.noises:
        runs = {seed: _runs(store, noise, seed) for seed in store.suite.seeds}
        seeds = [seed for seed in runs if plain in runs[seed]]
        methods = [name for name in store.suite.methods if seeds and all(name in runs[seed] for seed in seeds)]
        if len(methods) > 2:
            found.append(_choice(noise, methods, {seed: _seed(runs[seed], methods, noise) for seed in seeds}))
    return found


def _runs(store: Store, noise: str, seed: int) -> Dict[str, list]:
    """Of each method that has all folds, by fold: rows of the held-out samples, whether they were met, test accuracy."""
    results, found = store.results(), {}
    for method in store.suite.methods:
        cells = [c for c in store.suite.cells if (c.method, c.noise, c.seed) == (method, noise, seed)]
        tests = [value(results[cell.key], 'at_best_val') if cell.key in results else None for cell in cells]
        if cells and None not in tests and method != store.suite.by_role('ceiling'):
            found[method] = [(*_held_out(store.folder(cell)), test) for cell, test in zip(cells, tests)]
    return found


def _held_out(folder: Path) -> Tuple[np.ndarray, np.ndarray]:
    with np.load(folder / PREDICTIONS, allow_pickle=False) as stored:
        return stored['index'], stored['pred_score'].argmax(1) == stored['label']


def _seed(runs: Dict[str, list], methods: List[str], noise: str) -> _Seed:
    met = []
    for fold in range(len(runs[methods[0]])):
        parts = [runs[method][fold] for method in methods]
        for method, part in zip(methods, parts):
            if not np.array_equal(part[0], parts[0][0]):
                raise ValueError(f'{noise}, fold {fold}: {method} and {methods[0]} were judged on different samples.')
        met.append(np.stack([part[1] for part in parts]))
    return _Seed(met, np.array([np.mean([part[2] for part in runs[method]]) for method in methods]))


def _choice(noise: str, methods: List[str], seeds: Dict[int, _Seed]) -> FoldChoice:
    rng = np.random.default_rng(0)
    share = min(part.shape[1] for seed in seeds.values() for part in seed.met)
    sizes = [*(size for size in SIZES if size < share), share]
    single = [(part, seed.worth) for seed in seeds.values() for part in seed.met]
    mixed = [(part, seed.worth) for seed in seeds.values() for part in _mixed(seed.met, rng)]
    whole = [(np.concatenate(seed.met, 1), seed.worth) for seed in seeds.values()]
    pooled = {size: _judged([_drawn(*kind, size, rng) for kind in mixed]) for size in sizes}
    pooled[min(part.shape[1] for part, _ in whole)] = _all_labels(whole, rng)
    return FoldChoice(
        noise=noise,
        methods=methods,
        seeds=list(seeds),
        split={size: _judged([_drawn(*kind, size, rng) for kind in single]) for size in sizes},
        pooled=pooled,
        chosen=[methods[int(part.mean(1).argmax())] for part, _ in whole],
    )


def _mixed(met: List[np.ndarray], rng) -> List[np.ndarray]:
    """As many disjoint sets as folds, each with every so-many-th label of each fold, in a random order."""
    folds = len(met)
    mixed = [part[:, rng.permutation(part.shape[1])] for part in met]
    # The sets take turns at the label that is left over.
    return [
        np.concatenate([part[:, (k + j) % folds :: folds] for j, part in enumerate(mixed)], 1) for k in range(folds)
    ]


def _drawn(met: np.ndarray, worth: np.ndarray, size: int, rng) -> np.ndarray:
    """(2,): tau and regret by ``size`` of the labels, mean over draws; by all where there are no more."""
    total = met.shape[1]
    draws = [rng.permutation(total)[:size] for _ in range(_DRAWS if size < total else 1)]
    return np.mean([_tau_and_regret(met[:, rows].mean(1), worth) for rows in draws], axis=0)


def _tau_and_regret(judged: np.ndarray, worth: np.ndarray) -> Tuple[float, float]:
    """Where several methods are the best by the labels, any of them is taken."""
    return kendall(judged, worth) or 0.0, float(worth.max() - worth[judged == judged.max()].mean())


def _judged(values: Sequence[np.ndarray]) -> HowWell:
    (tau, tau_error), (regret, regret_error) = (
        (mean.mean, mean.error) for mean in (mean_std(list(column)) for column in np.transpose(values)) if mean
    )
    return HowWell(tau, tau_error, regret, regret_error)


def _all_labels(whole: List[Tuple[np.ndarray, np.ndarray]], rng) -> HowWell:
    values, variances = [], []
    for met, worth in whole:
        values.append(_tau_and_regret(met.mean(1), worth))
        draws = [rng.integers(met.shape[1], size=met.shape[1]) for _ in range(_DRAWS)]
        variances.append(np.var([_tau_and_regret(met[:, rows].mean(1), worth) for rows in draws], axis=0, ddof=1))
    tau, regret = np.mean(values, axis=0)
    tau_error, regret_error = np.sqrt(np.sum(variances, axis=0)) / len(whole)
    return HowWell(float(tau), float(tau_error), float(regret), float(regret_error))
