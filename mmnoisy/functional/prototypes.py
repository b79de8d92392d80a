"""Prototypes of a class in feature space and the labels that they suggest (SMP). Pure functions."""

from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def draw_subset(labels: np.ndarray, size: int, rng: np.random.Generator) -> Tensor:
    """Random samples of each class.

    Args:
        labels (np.ndarray): Observed labels, (N,), integers.
        size (int): Samples of a class; a class that has fewer gives all of them.
        rng (np.random.Generator): Draws them.

    Returns:
        Tensor: Rows, (M,), int64, ascending.
    """
    members = (rng.permutation(np.flatnonzero(labels == label))[:size] for label in np.unique(labels))
    return torch.from_numpy(np.sort(np.concatenate(list(members))))


def similarity_densities(similarity: Tensor, rank: float = 0.4) -> Tensor:
    """``rho_i = sum_j sign(S_ij - S_c)``: by how many more samples are closer to i than ``S_c`` than are farther away.

    Args:
        similarity (Tensor): S, (M, M).
        rank (float): ``S_c`` is the value at this share of all entries of S in ascending order, in [0, 1).
            Defaults to 0.4, the paper's.

    Returns:
        Tensor: (M,), whole numbers in [-M, M].
    """
    values = similarity.flatten()
    cut = values.kthvalue(int(rank * len(values)) + 1).values
    return (similarity - cut).sign().sum(1)


def distinctness(similarity: Tensor, density: Tensor) -> Tensor:
    """``eta_i``, the largest similarity to a denser sample; for the densest one its smallest similarity to any.

    A *small* value is distinct: nothing denser is like it. Of equally dense samples the earlier one counts as denser.
    The paper does not order them, so that equally dense samples of one cluster would all be prototypes.

    Args:
        similarity (Tensor): S, (M, M).
        density (Tensor): (M,).

    Returns:
        Tensor: (M,), in [-1, 1].
    """
    order = density.argsort(descending=True, stable=True)
    ordered = similarity[order][:, order]
    later = torch.ones_like(ordered, dtype=torch.bool).triu()
    found = ordered.masked_fill(later, -float('inf')).max(1).values
    found[0] = ordered[0].min()
    return torch.empty_like(found).index_copy_(0, order, found)


def select_prototypes(
    features: Tensor, count: int = 8, rank: float = 0.4, max_similarity: float = 0.95, dense_share: float = 1.0
) -> Tensor:
    """The densest samples of a class that are unlike all denser ones.

    Args:
        features (Tensor): (M, C), M at least 1.
        count (int): p, the number of prototypes at most. Defaults to 8, the paper's.
        rank (float): See :func:`similarity_densities`. Defaults to 0.4.
        max_similarity (float): A prototype's ``eta`` is below this. Defaults to 0.95, the paper's.
        dense_share (float): Only this share of the samples, the densest ones, can be prototypes, in (0, 1]. Where
            classes are compact, what is distinct is another class: wrong labels. Defaults to 1: all, as in the paper.

    Returns:
        Tensor: Their rows, (P,), int64, the densest first, P in 1..count: the densest sample is always one of them.
    """
    return _take(*_ranked(cosines(features), rank, max_similarity), count, dense_share)


def cosines(features: Tensor) -> Tensor:
    """Cosine similarities of all pairs, (M, C) -> (M, M) float64."""
    unit = F.normalize(features.double(), dim=1)
    return unit @ unit.T


def _ranked(similarity: Tensor, rank: float, max_similarity: float) -> Tuple[Tensor, Tensor]:
    """Rows of the samples, the densest first, (M,), and which of these are distinct, (M,)."""
    density = similarity_densities(similarity, rank)
    order = density.argsort(descending=True, stable=True)
    return order, (distinctness(similarity, density) < max_similarity)[order]


def _take(order: Tensor, distinct: Tensor, count: int, dense_share: float) -> Tensor:
    allowed = distinct.clone()
    allowed[int(dense_share * len(order)) :] = False
    allowed[0] = True
    return order[allowed][:count]


class DensityChoice(NamedTuple):
    """What was chosen, and ``agreement``, the share of other samples whose corrected label is the given one."""

    rank: float
    dense_share: float
    agreement: float


def choose_density(
    features: Tensor,
    labels: Tensor,
    ranks: Sequence[float],
    dense_shares: Sequence[float],
    count: int = 8,
    max_similarity: float = 0.95,
) -> DensityChoice:
    """The ``rank`` and ``dense_share`` whose corrected labels agree most often with the given ones.

    Of two corrections the one that is right more often agrees more often with labels that are wrong at random: what
    validation on noisy labels rests on. Prototypes are not counted, as most of them agree with themselves. No true label is
    needed. Of equally good pairs the first is taken.

    Args:
        features (Tensor): (M, C).
        labels (Tensor): The given labels, (M,), int64.
        ranks (Sequence[float]): See :func:`similarity_densities`.
        dense_shares (Sequence[float]): See :func:`select_prototypes`.
        count (int): p. Defaults to 8.
        max_similarity (float): See :func:`select_prototypes`. Defaults to 0.95.

    Returns:
        DensityChoice: The agreement is 0 where all samples are prototypes.
    """
    classes = labels.unique()
    chosen: Dict[Tuple[float, float], List[Tensor]] = {(r, s): [] for r in ranks for s in dense_shares}
    for members in ((labels == label).nonzero().flatten() for label in classes):
        similarity = cosines(features[members])
        for rank in ranks:
            ranked = _ranked(similarity, rank, max_similarity)
            for share in dense_shares:
                chosen[rank, share].append(members[_take(*ranked, count, share)])
    found = [DensityChoice(*pair, _agreement(features, labels, classes, rows)) for pair, rows in chosen.items()]
    return max(found, key=lambda choice: choice.agreement)


def _agreement(features: Tensor, labels: Tensor, classes: Tensor, prototypes: List[Tensor]) -> float:
    vectors = class_vectors([features[rows] for rows in prototypes], features.shape[1])
    agrees = classes[class_similarities(features, vectors).argmax(1)] == labels
    others = torch.ones_like(agrees).index_fill_(0, torch.cat(prototypes), False)
    return agrees[others].double().mean().nan_to_num().item()


def class_vectors(prototypes: List[Tensor], channels: int) -> Tensor:
    """Mean of the normalised prototypes of each class: its product with a unit vector is their mean cosine to it.

    Args:
        prototypes (list[Tensor]): Features (P_k, C) of each class's prototypes, P_k >= 0.
        channels (int): C.

    Returns:
        Tensor: (K, C), NaN for a class without prototypes.
    """
    return torch.stack([F.normalize(rows.double().reshape(-1, channels), dim=1).mean(0) for rows in prototypes])


def class_similarities(features: Tensor, vectors: Tensor) -> Tensor:
    """Mean cosine to the prototypes of each class; its argmax is the corrected label.

    Args:
        features (Tensor): (B, C).
        vectors (Tensor): (K, C), see :func:`class_vectors`.

    Returns:
        Tensor: (B, K), in [-1, 1]; -inf for a class without prototypes.
    """
    empty = vectors.isnan().any(1)
    similarity = F.normalize(features.to(vectors), dim=1) @ vectors.nan_to_num().T
    return similarity.masked_fill(empty, -float('inf'))
