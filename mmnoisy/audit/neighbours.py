"""One search for neighbours in feature space, and what follows from it: votes, near-duplicates, outliers."""

from typing import NamedTuple

import numpy as np
import torch

from ..functional.knn_vote import nearest

#: A pair is a near-duplicate where its distance is below this share of the median distance to the nearest neighbour, as in
#: cleanlab's Datalab (https://docs.cleanlab.ai/stable/cleanlab/datalab/guide/issue_type_description.html).
NEAR = 0.13
#: Places that are looked for beyond the neighbours that vote, for near-duplicates, which do not vote.
_SPARE = 5


class Neighbours(NamedTuple):
    """The nearest neighbours of each sample, itself left out, nearest first.

    Args:
        similarity (np.ndarray): (N, k) cosine similarities in [-1, 1], float32.
        index (np.ndarray): (N, k) rows, int64.
    """

    similarity: np.ndarray
    index: np.ndarray  # type: ignore[assignment]


class Voters(NamedTuple):
    """The neighbours without near-duplicates.

    Args:
        index (np.ndarray): (N, k) rows; the last of them may repeat where a sample has many near-duplicates.
        similarity (np.ndarray): (N, k).
        is_voter (np.ndarray): (N, k) bool, False in places that could not be filled.
    """

    index: np.ndarray  # type: ignore[assignment]
    similarity: np.ndarray
    is_voter: np.ndarray


def standardise(features: np.ndarray) -> np.ndarray:
    """Each feature to mean 0 and standard deviation 1, (N, D) float32; a constant feature becomes 0."""
    features = np.asarray(features, dtype=np.float32)
    features = features - features.mean(0, dtype=np.float64).astype(np.float32)
    spread = np.sqrt(np.einsum('nd,nd->d', features, features, dtype=np.float64) / len(features))
    features /= np.where(spread > 0, spread, 1).astype(np.float32)
    return features


def find_neighbours(features: np.ndarray, k: int = 20) -> Neighbours:
    """``k`` neighbours and a few more by cosine similarity: (N, D) -> (N, k + 5), all where N is smaller."""
    blocks = [
        (similarity.cpu(), index.cpu())
        for _, similarity, index in nearest(torch.from_numpy(features), k + _SPARE, itself=False)
    ]
    return Neighbours(*(torch.cat(part).numpy() for part in zip(*blocks)))


def near_threshold(neighbours: Neighbours) -> float:
    """Similarity above which a pair is a near-duplicate, see :data:`NEAR`."""
    distance = 1 - neighbours.similarity[:, 0]
    return float(1 - NEAR * np.median(distance))


def voters(neighbours: Neighbours, k: int, threshold: float) -> Voters:
    """The first ``k`` neighbours that are no near-duplicates: a copy would vote for the label that it was copied with."""
    copies = neighbours.similarity > threshold
    order = np.argsort(copies, axis=1, kind='stable')[:, :k]
    take = [np.take_along_axis(values, order, 1) for values in (neighbours.index, neighbours.similarity, ~copies)]
    return Voters(*take)


def near_duplicates(neighbours: Neighbours, threshold: float) -> list:
    """Pairs ``(row, other, similarity)`` with ``row < other``, most similar first."""
    rows, places = np.nonzero(neighbours.similarity > threshold)
    others, similarity = neighbours.index[rows, places], neighbours.similarity[rows, places]
    pairs = {(min(a, b), max(a, b)): s for a, b, s in zip(rows.tolist(), others.tolist(), similarity.tolist())}
    return [(a, b, s) for (a, b), s in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))]


def duplicate_of(pairs: list, size: int) -> np.ndarray:
    """First row of the group of copies that a sample belongs to, (N,), -1 for samples that have none or are the first."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    result = np.full(size, -1)
    if not pairs:
        return result
    a, b = np.array([pair[:2] for pair in pairs]).T
    _, group = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(size, size)), directed=False)
    _, first, inverse = np.unique(group, return_index=True, return_inverse=True)
    first = first[inverse]
    return np.where(first == np.arange(size), -1, first)


def outliers(found: Voters, limit: float = 4.0) -> list:
    """Samples that are far from everything else: open-set candidates.

    The distance is the mean of ``1 - similarity`` over the voters. One is listed if it lies more than ``limit`` robust
    standard deviations (1.4826 times the median absolute deviation) above the median.

    Returns:
        list[tuple[int, float]]: Rows and scores in (0, 0.5): ``1 / (1 + distance / median)``, lowest first.
    """
    distance = 1 - found.similarity.mean(1)
    median = np.median(distance)
    spread = 1.4826 * np.median(np.abs(distance - median))
    rows = np.flatnonzero(distance > median + limit * spread) if spread > 0 else []
    return sorted(((int(row), float(1 / (1 + distance[row] / median))) for row in rows), key=lambda item: item[1])
