"""Prototypes of a class in feature space and the labels that they suggest (SMP). Pure functions."""

from typing import List

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
    unit = F.normalize(features.double(), dim=1)
    similarity = unit @ unit.T
    density = similarity_densities(similarity, rank)
    order = density.argsort(descending=True, stable=True)
    distinct = (distinctness(similarity, density) < max_similarity)[order]
    distinct[int(dense_share * len(order)) :] = False
    distinct[0] = True
    return order[distinct][:count]


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
