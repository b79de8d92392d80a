"""The confident joint of `confident learning <https://arxiv.org/abs/1911.00068>`_, section 3.1, in O(N) memory.

A sample is counted for the most probable of the classes that reach their threshold, the mean probability of the class
over the samples labelled so.
"""

import numpy as np
import torch
from torch import Tensor


def class_thresholds(own: np.ndarray, labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Mean probability of each class over the samples labelled so.

    Args:
        own (np.ndarray): Probability of the given label, (N,).
        labels (np.ndarray): Given labels, (N,).
        num_classes (int): K.

    Returns:
        np.ndarray: (K,); infinite for a class that no sample is labelled as.
    """
    sizes = np.bincount(labels, minlength=num_classes)
    sums = np.bincount(labels, weights=own, minlength=num_classes)
    return np.where(sizes > 0, sums / np.maximum(sizes, 1), np.inf)


def confident_class(probabilities: Tensor, thresholds: Tensor) -> Tensor:
    """The most probable of the classes that reach their threshold, (B,); -1 where none does."""
    confident = probabilities >= thresholds
    best = probabilities.masked_fill(~confident, -1).argmax(1)
    return torch.where(confident.any(1), best, -1)


def confident_joint(labels: np.ndarray, confident: np.ndarray, num_classes: int) -> np.ndarray:
    """Counts of samples confidently of class i and labelled j, those of each label scaled to its frequency.

    Args:
        labels (np.ndarray): Given labels, (N,).
        confident (np.ndarray): Result of :func:`confident_class`, (N,).
        num_classes (int): K.

    Returns:
        np.ndarray: (K, K); zeros in the column of a label without any confident sample.
    """
    counts = np.zeros((num_classes, num_classes))
    counted = confident >= 0
    np.add.at(counts, (confident[counted], labels[counted]), 1)
    return counts * np.bincount(labels, minlength=num_classes) / np.maximum(counts.sum(0), 1)


def confident_joint_rate(labels: np.ndarray, confident: np.ndarray, num_classes: int) -> float:
    """Share of wrong labels, in [0, 1]: what lies off the diagonal of :func:`confident_joint`.

    A label without any confident sample counts as right.
    """
    joint = confident_joint(labels, confident, num_classes)
    return float(joint.sum() - joint.trace()) / len(labels)
