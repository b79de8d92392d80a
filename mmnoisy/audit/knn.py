"""The judge ``knn``: a vote of the nearest neighbours."""

import numpy as np

from .neighbours import Voters


def knn_probabilities(found: Voters, labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Share of the votes for each class, the sample's own label left out.

    A vote counts by the inverse share of its class, so that large classes do not win by their size, and one more vote is
    spread over all classes, so that no probability is 0.

    Args:
        found (Voters): The k neighbours of each of the N samples.
        labels (np.ndarray): (N,) given labels.
        num_classes (int): K.

    Returns:
        np.ndarray: (N, K) float32, rows sum to 1.
    """
    sizes = np.bincount(labels, minlength=num_classes)
    present = sizes > 0
    weight = np.where(present, len(labels) / (present.sum() * np.maximum(sizes, 1)), 0)
    votes = np.zeros((len(labels), num_classes))
    rows, places = np.nonzero(found.is_voter)
    chosen = labels[found.index[rows, places]]
    np.add.at(votes, (rows, chosen), weight[chosen])
    votes += present / present.sum()
    return (votes / votes.sum(1, keepdims=True)).astype(np.float32)
