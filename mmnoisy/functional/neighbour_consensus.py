"""The noise transition matrix from the labels of neighbours, without training a classifier.

`Clusterability as an Alternative to Anchor Points When Learning with Noisy Labels <https://arxiv.org/abs/2102.05291>`_ (HOC).
A sample and its two nearest neighbours in feature space are taken to be of one clean class, so that their three labels are
independent draws from one row of T: ``P(a, b, c) = sum_i p_i T_ia T_ib T_ic``. These consensuses of three labels determine T
and the prior p, up to the order of the classes, which the most frequent label of each settles.

The paper fits the consensuses of one, two and three labels by least squares with gradient steps. Here their likelihood is
maximised by expectation maximisation: the same model, nothing to tune, and the work grows with N K and not with K^3.
"""

from typing import NamedTuple, Optional

import numpy as np
import torch
from torch import Tensor

from .knn_vote import nearest

#: Entries of the posterior that are held at a time: 128 MB in float64.
_BLOCK = 2**24


class Consensus(NamedTuple):
    """What labels of neighbours say about the noise.

    Args:
        transition (np.ndarray): T, (K, K) float64, ``T[i, j] = P(noisy = j | clean = i)``.
        prior (np.ndarray): Shares of the clean classes, (K,).
    """

    transition: np.ndarray
    prior: np.ndarray

    def noise_rate(self) -> float:
        """Share of wrong labels, in [0, 1]."""
        return float(1 - self.prior @ self.transition.diagonal())


def neighbour_labels(features: Tensor, labels: Tensor, rows: Optional[Tensor] = None) -> Tensor:
    """Labels of each sample and of its two nearest neighbours by cosine similarity, (N, D), (N,) -> (M, 3) int64, CPU.

    Args:
        features (Tensor): (N, D).
        labels (Tensor): (N,), int64.
        rows (Tensor, optional): The samples, (M,); all where None.

    Raises:
        ValueError: Fewer than three samples.
    """
    if len(features) < 3:
        raise ValueError(f'Neighbours tell of the noise where there are three samples or more, not {len(features)}.')
    found = torch.cat([neighbours.cpu() for _, _, neighbours in nearest(features, 2, rows, itself=False)])
    own = labels.cpu() if rows is None else labels.cpu()[rows.cpu()]
    return torch.cat([own[:, None], labels.cpu()[found]], dim=1)


def fit_consensus(
    triples: Tensor,
    num_classes: int,
    steps: int = 500,
    tolerance: float = 1e-6,
    weights: Optional[Tensor] = None,
    start: Optional[Consensus] = None,
) -> Consensus:
    """T and the prior of the largest likelihood.

    Args:
        triples (Tensor): Labels of M samples and their two neighbours, (M, 3) int64.
        num_classes (int): K.
        steps (int): At most. Defaults to 500.
        tolerance (float): Ends where no entry of T and p moves by more. Defaults to 1e-6.
        weights (Tensor, optional): Counts of the triples, (M,); 1 where None.
        start (Consensus, optional): Where to begin, such as the fit of all samples for one of some. Defaults to T with 0.6 and
            a share of 0.4 on the diagonal and the shares of the labels.

    Returns:
        Consensus: A class that no label is given to keeps the row of the identity.
    """
    weights = torch.ones(len(triples), dtype=torch.float64) if weights is None else weights.double()
    # The model does not care for the order of the three labels.
    triples, place = triples.sort(1).values.unique(dim=0, return_inverse=True)
    weights = torch.zeros(len(triples), dtype=torch.float64).index_add_(0, place, weights)
    identity = torch.eye(num_classes, dtype=torch.float64)
    transition = 0.6 * identity + 0.4 / num_classes
    prior = torch.bincount(triples.flatten(), weights.repeat_interleave(3), minlength=num_classes)
    prior = prior / prior.sum()
    if start is not None:
        transition, prior = torch.as_tensor(start.transition), torch.as_tensor(start.prior)
    for _ in range(steps):
        counts = _expected_counts(triples, weights, transition, prior)
        sizes = counts.sum(1, keepdim=True)
        # Each sample counts three labels.
        there = sizes > 1e-12 * sizes.sum()
        moved = torch.where(there, counts / sizes.clamp_min(1e-300), identity), sizes[:, 0] / sizes.sum()
        change = max((new - old).abs().max().item() for new, old in zip(moved, (transition, prior)))
        transition, prior = moved
        if change < tolerance:
            break
    return Consensus(transition.numpy(), prior.numpy())


def _expected_counts(triples: Tensor, weights: Tensor, transition: Tensor, prior: Tensor) -> Tensor:
    """Expected number of labels j of samples of class i, (K, K)."""
    # Bounded from below so that a product of three is no zero for all classes.
    columns = transition.clamp_min(1e-90).T.contiguous()
    counts = torch.zeros_like(transition)
    for rows in torch.arange(len(triples)).split(max(1, _BLOCK // len(prior))):
        a, b, c = triples[rows].T
        posterior = prior * columns[a] * columns[b] * columns[c]
        posterior *= (weights[rows] / posterior.sum(1))[:, None]
        for labels in triples[rows].T:
            counts.index_add_(0, labels, posterior)
    return counts.T


def hoc(features: Tensor, labels: Tensor, num_classes: int) -> np.ndarray:
    """T from features (N, D) and observed labels (N,): (K, K) float64. See the module."""
    return fit_consensus(neighbour_labels(features, labels), num_classes).transition
