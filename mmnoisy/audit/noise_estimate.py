"""How many labels are wrong, and in which direction, with bootstrap intervals: confident learning by cleanlab, or HOC."""

import warnings
from typing import Any, NamedTuple, Optional, Tuple

import numpy as np
import torch

from ..functional.neighbour_consensus import Consensus, fit_consensus
from .judges import import_cleanlab

#: Bootstrap resamples; the intervals are their 2.5th and 97.5th percentiles.
RESAMPLES = 100
#: Different triples of labels that :func:`estimate_noise_by_neighbours` takes; where there are more, it takes as many samples.
TRIPLES = 5_000


class Interval(NamedTuple):
    """An estimate with its 95 % bootstrap interval; floats or arrays of one shape, in [0, 1]."""

    estimate: Any
    low: Any
    high: Any


class NoiseEstimate(NamedTuple):
    """Estimated label noise.

    Args:
        rate (Interval): Share of wrong labels.
        by_class (Interval): (K,) share of wrong labels among those of each given class; NaN for a class without samples.
        transition (Interval): (K, K), row i: how the samples that are truly of class i are labelled.
    """

    rate: Interval
    by_class: Interval
    transition: Interval


def estimate_noise(
    labels: np.ndarray, probabilities: np.ndarray, seed: int = 0, resamples: int = RESAMPLES
) -> NoiseEstimate:
    """Noise by the confident joint of `confident learning <https://arxiv.org/abs/1911.00068>`_.

    The judges' probabilities are taken as they are in every resample: the intervals have the error of the counts, not
    that of the judges.

    Args:
        labels (np.ndarray): (N,) given labels.
        probabilities (np.ndarray): (N, K), out of sample.
        seed (int): Of the bootstrap. Defaults to 0.
        resamples (int): Defaults to :data:`RESAMPLES`.
    """
    rng = np.random.default_rng(seed)
    found = _estimates(labels, probabilities)
    drawn = []
    for _ in range(resamples):
        rows = rng.integers(0, len(labels), len(labels))
        drawn.append(_estimates(labels[rows], probabilities[rows]))
    return NoiseEstimate(*(_interval(value, [draw[i] for draw in drawn]) for i, value in enumerate(found)))


def estimate_noise_by_neighbours(
    labels: np.ndarray,
    neighbours: np.ndarray,
    num_classes: int,
    seed: int = 0,
    resamples: int = RESAMPLES,
    rows: Optional[np.ndarray] = None,
) -> NoiseEstimate:
    """Noise by the labels of nearest neighbours, without a judge: :mod:`mmnoisy.functional.neighbour_consensus` (HOC).

    The time goes with the number of different triples of labels, at most :data:`TRIPLES`, times K: on one core 0.4 s for 10
    classes, whatever the number of samples, and 7 s for 100.

    Args:
        labels (np.ndarray): (N,) given labels.
        neighbours (np.ndarray): (N, k >= 2) rows of the nearest samples, nearest first, such as the ``index`` of
            :func:`mmnoisy.audit.neighbours.find_neighbours`; near-duplicates are best left out
            (:func:`mmnoisy.audit.neighbours.voters`): a copy has the same wrong label.
        num_classes (int): K.
        seed (int): Of the bootstrap, and of the samples that are drawn where there are more triples. Defaults to 0.
        resamples (int): Defaults to :data:`RESAMPLES`.
        rows (np.ndarray, optional): The samples, (M,), whose neighbours count; all where None.
    """
    rng = np.random.default_rng(seed)
    triples = np.sort(np.column_stack([labels, labels[neighbours[:, :2]]]), axis=1)
    triples = triples if rows is None else triples[rows]
    different, counts = np.unique(triples, axis=0, return_counts=True)
    if len(different) > TRIPLES:
        chosen = rng.choice(len(triples), TRIPLES, replace=False)
        different, counts = np.unique(triples[chosen], axis=0, return_counts=True)
    fit = _fit_triples(different, counts, num_classes)
    found, drawn = _consensus_estimates(fit), []
    for _ in range(resamples):
        weights = rng.multinomial(counts.sum(), counts / counts.sum())
        # It begins near its end, and ends far below the width of the interval.
        refit = _fit_triples(different, weights, num_classes, start=fit, steps=30, tolerance=1e-4)
        drawn.append(_consensus_estimates(refit))
    return NoiseEstimate(*(_interval(value, [draw[i] for draw in drawn]) for i, value in enumerate(found)))


def _fit_triples(triples: np.ndarray, counts: np.ndarray, num_classes: int, **options) -> Consensus:
    there = counts > 0
    weights = torch.as_tensor(counts[there])
    return fit_consensus(torch.as_tensor(triples[there]), num_classes, weights=weights, **options)


def _consensus_estimates(fit: Consensus) -> Tuple[float, np.ndarray, np.ndarray]:
    given = fit.prior @ fit.transition
    with np.errstate(invalid='ignore', divide='ignore'):
        by_class = 1 - np.where(given > 0, fit.prior * fit.transition.diagonal() / given, np.nan)
    return fit.noise_rate(), by_class, fit.transition


def _interval(value, drawn) -> Interval:
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', RuntimeWarning)  # A class without samples has NaN in every resample.
        low, high = np.nanpercentile(np.array(drawn), [2.5, 97.5], axis=0) if drawn else (value, value)
    # A percentile interval of few samples may miss the estimate itself.
    return Interval(value, np.fmin(low, value), np.fmax(high, value))


def _estimates(labels: np.ndarray, probabilities: np.ndarray) -> Tuple[float, np.ndarray, np.ndarray]:
    joint = estimated_joint(labels, probabilities)
    right = np.diag(joint)
    with np.errstate(invalid='ignore', divide='ignore'):
        by_class = 1 - right / joint.sum(0)
        transition = joint / joint.sum(1, keepdims=True)
    # Where no sample is taken for a class, nothing speaks against its labels.
    transition[np.isnan(transition).any(1)] = np.nan
    return float(1 - right.sum()), by_class, np.where(np.isnan(transition), np.eye(len(joint)), transition)


def estimated_joint(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Cleanlab's joint distribution as (true class, given label), (K, K), sums to 1; a class that is not there has zeros."""
    num_classes = probabilities.shape[1]
    present, dense = np.unique(labels, return_inverse=True)
    joint = np.zeros((num_classes, num_classes))
    if len(present) == 1:
        joint[present[0], present[0]] = 1
        return joint
    count = import_cleanlab('count')
    joint[np.ix_(present, present)] = count.estimate_joint(dense, probabilities[:, present]).T
    return joint
