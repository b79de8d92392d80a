"""Estimators of the noise transition matrix T as pure functions of noisy posteriors.

Each maps ``posterior`` (N, K), a network's estimate of P(noisy label | x) with rows summing to 1, and ``labels`` (N,),
the observed labels, to T (K, K), ``T[i, j] = P(noisy = j | clean = i)``. All need diagonally dominant noise: in every
class the right label is the most frequent one.
"""

import numpy as np
import torch

from .confident_joint import class_thresholds, confident_class, confident_joint
from .transition import transition_matrix


def _normalise(counts: np.ndarray) -> np.ndarray:
    """Rows divided by their sums; a row without counts becomes that of the identity."""
    sums = counts.sum(1, keepdims=True)
    return np.where(sums > 0, counts / np.where(sums > 0, sums, 1), np.eye(len(counts)))


def anchor(posterior: np.ndarray, labels: np.ndarray, percentile: float = 97.0) -> np.ndarray:
    """Row i is the posterior of the sample that is most surely of class i (https://arxiv.org/abs/1609.03683).

    Args:
        posterior (np.ndarray): (N, K).
        labels (np.ndarray): Unused.
        percentile (float): Samples with a larger posterior of the class than this percentile are outliers and left
            out; 100 takes the largest. The official code zeroes the outliers of one class in a view that the later
            classes read; here no class sees another's. Defaults to 97.

    Returns:
        np.ndarray: (K, K).
    """
    rows = []
    for k in range(posterior.shape[1]):
        column = posterior[:, k]
        inliers = np.flatnonzero(column <= np.percentile(column, percentile))
        rows.append(posterior[inliers[column[inliers].argmax()]])
    return _normalise(np.array(rows, dtype=np.float64))


def dual_t(posterior: np.ndarray, labels: np.ndarray, percentile: float = 100.0) -> np.ndarray:
    """T as clean -> predicted (by anchors) times predicted -> observed (by counting) (https://arxiv.org/abs/2006.07805).

    Args:
        posterior (np.ndarray): (N, K).
        labels (np.ndarray): (N,).
        percentile (float): See :func:`anchor`. Defaults to 100.

    Returns:
        np.ndarray: (K, K).
    """
    counted = transition_matrix(posterior.argmax(1), labels, posterior.shape[1])
    return _normalise(anchor(posterior, labels, percentile) @ counted)


def joint_rows(posterior: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The rows of :func:`mmnoisy.functional.confident_joint.confident_joint` (https://arxiv.org/abs/1911.00068).

    Args:
        posterior (np.ndarray): (N, K).
        labels (np.ndarray): (N,).

    Returns:
        np.ndarray: (K, K).
    """
    num_classes = posterior.shape[1]
    thresholds = class_thresholds(posterior[np.arange(len(labels)), labels], labels, num_classes)
    confident = confident_class(torch.from_numpy(posterior), torch.from_numpy(thresholds)).numpy()
    return _normalise(confident_joint(labels, confident, num_classes))


def clusters(posterior: np.ndarray, labels: np.ndarray, iterations: int = 50) -> np.ndarray:
    """Labels counted in K clusters of the posteriors: samples of a clean class share one noisy posterior, T's row.

    K-means with the Kullback-Leibler divergence in place of the squared distance (a Bregman clustering,
    https://jmlr.org/papers/v6/banerjee05b.html), started from :func:`joint_rows` and from :func:`anchor`; the
    better fit is taken. The centres are only as calibrated as the network, so T is counted from the observed labels of
    each cluster. More robust than reading single samples or the argmax where two labels are nearly as likely.

    Args:
        posterior (np.ndarray): (N, K).
        labels (np.ndarray): (N,).
        iterations (int): At most. Defaults to 50.

    Returns:
        np.ndarray: (K, K).
    """
    starts = (joint_rows(posterior, labels), anchor(posterior, labels))
    fits = [_kl_means(posterior, start, iterations) for start in starts]
    assigned = max(fits, key=lambda fit: fit[1])[0]
    return transition_matrix(assigned, labels, posterior.shape[1])


def _kl_means(posterior, centres, iterations):
    """Cluster of each sample (N,), and the mean of its log-likelihood under its centre."""
    previous = None
    for _ in range(iterations):
        # KL(p || centre) without the entropy of p, which is the same for all centres. Bounded: T has zeros.
        likelihood = posterior @ np.log(np.maximum(centres, 1e-4)).T
        assigned = likelihood.argmax(1)
        if previous is not None and (assigned == previous).all():
            break
        previous = assigned
        centres = _normalise(np.eye(len(centres))[assigned].T @ posterior)
    return assigned, likelihood.max(1).mean()


ESTIMATORS = dict(anchor=anchor, dual_t=dual_t, confident_joint=joint_rows, clusters=clusters)
