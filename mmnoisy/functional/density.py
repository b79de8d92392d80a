"""How clean the samples of one class look by their features, and groups by it (CurriculumNet). Pure functions."""

from importlib import import_module
from typing import List, Optional, Tuple

import numpy as np
import torch
from torch import Tensor

#: Clusterings of scikit-learn: the module of each and how it calls the number of clusters.
CLUSTERINGS = dict(
    KMeans=('cluster', 'n_clusters'),
    GaussianMixture=('mixture', 'n_components'),
    AgglomerativeClustering=('cluster', 'n_clusters'),
)


def reduce_features(features: Tensor, channels: int = 256) -> Tensor:
    """Principal components of the features where they are wider than ``channels``.

    Args:
        features (Tensor): (N, C).
        channels (int): Width of the result. Defaults to 256.

    Returns:
        Tensor: (N, min(C, channels)); the features themselves where they are not wider.
    """
    if features.shape[1] <= channels:
        return features
    centred = (features - features.mean(0)).double()
    vectors = torch.linalg.eigh(centred.T @ centred).eigenvectors
    return (centred @ vectors[:, -channels:].flip(1)).to(features)


def cutoff_distance(features: Tensor, fraction: float = 0.6, max_pairs: int = 2**22, seed: int = 0) -> float:
    """The value at ``fraction`` of all sorted distances between two samples.

    Up to ``max_pairs`` pairs it is exact, beyond it is found on as many random pairs.

    Args:
        features (Tensor): (N, C), N at least 2.
        fraction (float): In (0, 1). Defaults to 0.6.
        max_pairs (int): Bound on the distances in memory. Defaults to 4,194,304 (2,897 samples).
        seed (int): Of the random pairs. Defaults to 0.

    Returns:
        float: The distance.
    """
    size = len(features)
    if size * (size - 1) // 2 <= max_pairs:
        distances = torch.pdist(features)
    else:
        rng = np.random.default_rng(seed)
        first = rng.integers(size, size=max_pairs)
        second = (first + rng.integers(1, size, size=max_pairs)) % size
        pairs = torch.from_numpy(np.stack([first, second])).to(features.device)
        distances = torch.cat(
            [(features[i] - features[j]).norm(dim=1) for i, j in zip(pairs[0].split(2**15), pairs[1].split(2**15))]
        )
    rank = min(int(fraction * len(distances)), len(distances) - 1)
    return float(np.partition(distances.cpu().numpy(), rank)[rank])


def densities(features: Tensor, cutoff: float, gaussian: bool = False, max_elements: int = 2**22) -> Tensor:
    """Share of the other samples closer than ``cutoff``.

    Args:
        features (Tensor): (N, C), N at least 2.
        cutoff (float): The distance.
        gaussian (bool): The mean of ``exp(-(distance / cutoff)^2)`` in place of the share. Defaults to False.
        max_elements (int): Distances in memory at a time (at least N). Defaults to 4,194,304.

    Returns:
        Tensor: (N,), float64, in [0, 1].
    """
    size = len(features)
    sums = []
    for chunk in features.split(max(1, max_elements // size)):
        distances = torch.cdist(chunk, features)
        near = torch.exp(-((distances / cutoff) ** 2)) if gaussian else (distances < cutoff)
        sums.append(near.sum(1).double())
    # A sample is no neighbour of itself.
    return ((torch.cat(sums) - 1) / (size - 1)).clamp(0, 1)


def closeness(features: Tensor) -> Tensor:
    """``exp(-(d / mean d)^2)`` of the distance d to the mean of the features: (N, C) -> (N,), float64, in (0, 1]."""
    distances = (features - features.mean(0)).double().norm(dim=1)
    return torch.exp(-((distances / distances.mean().clamp_min(1e-12)) ** 2))


def group_by_value(values: Tensor, num_groups: int = 3, clustering: str = 'KMeans', seed: int = 0) -> Optional[Tensor]:
    """Cluster numbers and order the clusters by their mean, the highest first.

    Args:
        values (Tensor): (N,).
        num_groups (int): Number of clusters. Defaults to 3.
        clustering (str): A key of :data:`CLUSTERINGS`. Defaults to ``'KMeans'``.
        seed (int): ``random_state``. Defaults to 0.

    Returns:
        Tensor | None: (N,), int64, 0 for the highest values; None where there are fewer than ``num_groups`` different
        values or a cluster stays empty.
    """
    values = values.double().cpu().numpy()
    if len(np.unique(values)) < num_groups:
        return None
    module, size_name = CLUSTERINGS[clustering]
    # Takes a second to import, and few runs cluster.
    kind = getattr(import_module(f'sklearn.{module}'), clustering)
    options = {size_name: num_groups}
    if clustering != 'AgglomerativeClustering':
        options.update(random_state=seed, n_init=10)
    # A mixture's floor on the variance (1e-6) needs values that spread.
    scaled = (values - values.mean()) / values.std()
    labels = kind(**options).fit_predict(scaled[:, None])
    if len(np.unique(labels)) < num_groups:
        return None
    means = np.array([values[labels == label].mean() for label in range(num_groups)])
    rank = np.empty(num_groups, dtype=np.int64)
    rank[np.argsort(-means)] = np.arange(num_groups)
    return torch.from_numpy(rank[labels])


def group_classes(
    features: Tensor,
    labels: Tensor,
    num_groups: int = 3,
    fraction: float = 0.6,
    channels: int = 256,
    measure: str = 'density',
    clustering: str = 'KMeans',
    seed: int = 0,
    device=None,
) -> Tuple[Tensor, Tensor, List[int]]:
    """Groups of easy to hard samples in each class.

    Args:
        features (Tensor): (N, C).
        labels (Tensor): Observed labels, (N,), integers.
        num_groups (int): Defaults to 3.
        fraction (float): See :func:`cutoff_distance`. Defaults to 0.6.
        channels (int): See :func:`reduce_features`. Defaults to 256.
        measure (str): ``'density'``, ``'gaussian'`` (:func:`densities`) or ``'closeness'``. Defaults to ``'density'``.
        clustering (str): See :func:`group_by_value`. Defaults to ``'KMeans'``.
        seed (int): Of the sampled cut-off and the clustering. Defaults to 0.
        device (optional): Where distances are computed; that of the features where None.

    Returns:
        tuple: The measure of each sample (N,), float32, in [0, 1], NaN where its class was not grouped; its group (N,),
        int64, 0 = easy; and the classes that could not be grouped (too few samples, or too few different values),
        all of whose samples are easy.
    """
    values = torch.full((len(labels),), float('nan'))
    groups = torch.zeros(len(labels), dtype=torch.int64)
    ungrouped = []
    for label in labels.unique().tolist():
        rows = (labels == label).nonzero().flatten()
        found = None
        if len(rows) >= max(2, num_groups):
            members = reduce_features(features[rows].to(device or features.device), channels)
            if measure == 'closeness':
                value = closeness(members)
            else:
                value = densities(
                    members, cutoff_distance(members, fraction, seed=seed), gaussian=measure == 'gaussian'
                )
            found = group_by_value(value, num_groups, clustering, seed)
        if found is None:
            ungrouped.append(label)
        else:
            values[rows], groups[rows] = value.float().cpu(), found
    return values, groups, ungrouped
