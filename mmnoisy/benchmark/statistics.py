"""The arithmetic of a table of runs. Nothing is imputed: what was not run takes no part, and is counted.

``values`` is ``{(method, noise, seed): figure}`` throughout, a figure in percent.
"""

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

Values = Dict[Tuple[str, str, int], float]


class Mean(NamedTuple):
    """Mean and sample standard deviation (None for one value) of n values."""

    mean: float
    std: Optional[float]
    n: int

    @property
    def error(self) -> Optional[float]:
        """Standard error of the mean."""
        return None if self.std is None else self.std / self.n**0.5


class Pairs(NamedTuple):
    """A method against another one over the runs that both have, paired by noise and seed.

    Args:
        n (int): Pairs.
        mean (float): Mean of the differences.
        low, high (float | None): 95 % interval of the mean by Student's t; None for fewer than two pairs.
        p (float | None): Wilcoxon's signed-rank test, two-sided; None for fewer than six pairs, where it cannot be small.
        wins (int): Pairs in which the method is better.
    """

    n: int
    mean: float
    low: Optional[float]
    high: Optional[float]
    p: Optional[float]
    wins: int


class Ranks(NamedTuple):
    """Average ranks, 1 is best, over blocks of one noise and seed in which all ``ranks`` methods have a value.

    Args:
        ranks (dict[str, float]): By method.
        blocks (int): Their number.
        left_out (list[str]): Methods that were not run in all blocks, and so have no rank.
        p (float | None): Friedman's test that all methods are alike; None for fewer than three methods or blocks.
    """

    ranks: Dict[str, float]
    blocks: int
    left_out: List[str]
    p: Optional[float]


class Regret(NamedTuple):
    """What is lost against the best method of each noise, by means over seeds."""

    mean: float
    worst: float
    settings: int


def mean_std(values: Sequence[Optional[float]]) -> Optional[Mean]:
    """None for no values."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    return Mean(float(np.mean(known)), float(np.std(known, ddof=1)) if len(known) > 1 else None, len(known))


def kendall(values: Union[Sequence[float], np.ndarray], others: Union[Sequence[float], np.ndarray]) -> Optional[float]:
    """Kendall's tau-b of two figures of the same things, in [-1, 1]; None where all have the same one."""
    from scipy import stats

    tau = float(stats.kendalltau(values, others).statistic)
    return None if np.isnan(tau) else tau


def pairs(values: Values, method: str, other: str) -> Optional[Pairs]:
    """None where no run is paired."""
    from scipy import stats

    own, others = _of(values, method), _of(values, other)
    both = [(value, others[place]) for place, value in own.items() if place in others]
    if not both:
        return None
    difference = np.array([own - its for own, its in both])
    n, mean, low, high, p = len(difference), float(difference.mean()), None, None, None
    if n > 1:
        half = float(stats.t.ppf(0.975, n - 1) * difference.std(ddof=1) / np.sqrt(n))
        low, high = mean - half, mean + half
    if n > 5 and difference.any():
        p = float(stats.wilcoxon(difference).pvalue)
    return Pairs(n, mean, low, high, p, int((difference > 0).sum()))


def average_ranks(values: Values, methods: Sequence[str], reference: str) -> Ranks:
    """Ranks over the blocks that ``reference`` was run in; a method that lacks one of them is left out."""
    from scipy import stats

    blocks = sorted(_of(values, reference))
    figures = {method: _of(values, method) for method in methods}
    complete = [method for method in methods if figures[method].keys() >= set(blocks)]
    left_out = [method for method in methods if method not in complete]
    if not blocks:
        return Ranks({}, 0, list(methods), None)
    table = np.array([[figures[method][block] for method in complete] for block in blocks])
    ranks = stats.rankdata(-table, axis=1).mean(0)
    p = None
    if len(complete) > 2 and len(blocks) > 2 and (table != table[:, :1]).any():
        p = float(stats.friedmanchisquare(*table.T).pvalue)
    return Ranks(dict(zip(complete, map(float, ranks))), len(blocks), left_out, p)


def regrets(values: Values, methods: Sequence[str]) -> Dict[str, Regret]:
    """Regret of each method over the noises that it was run in."""
    noises = {key[1] for key in values}
    lost: Dict[str, List[float]] = {}
    for noise in noises:
        found = {method: mean_std([v for key, v in values.items() if key[:2] == (method, noise)]) for method in methods}
        means = {method: mean.mean for method, mean in found.items() if mean}
        for method, mean in means.items():
            lost.setdefault(method, []).append(max(means.values()) - mean)
    return {method: Regret(float(np.mean(found)), max(found), len(found)) for method, found in lost.items()}


def _of(values: Values, method: str) -> Dict[Tuple[str, int], float]:
    """Figures of a method by noise and seed."""
    return {(noise, seed): figure for (name, noise, seed), figure in values.items() if name == method}
