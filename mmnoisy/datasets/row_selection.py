"""Rows that an earlier run takes for right, threshold samples, and samples whose label was checked."""

from typing import Optional, Tuple

import numpy as np

from .label_file import load_trusted
from .samples_file import read_samples


def kept_rows(path, rows: np.ndarray, labels: np.ndarray, checksum: str) -> np.ndarray:
    """Rows that a ``samples.csv`` does not flag.

    Args:
        path (str | Path): See :func:`mmnoisy.datasets.samples_file.read_samples`, also for what it raises.
        rows (np.ndarray): (N,) ``source_idx`` to choose from.
        labels (np.ndarray): (N,) their observed labels.
        checksum (str): Fingerprint of the source (:func:`mmnoisy.datasets.label_file.checksum`).

    Returns:
        np.ndarray: The kept part of ``rows``, in their order.

    Raises:
        ValueError: No row is kept.
    """
    _, is_issue = read_samples(path, rows, labels, checksum, 'LabelNoise: keep')
    if is_issue.all():
        raise ValueError(f'LabelNoise: keep={str(path)!r} keeps no sample.')
    return rows[~is_issue]


def threshold_mask(labels: np.ndarray, num_classes: int, rng: np.random.Generator, index: int = 0) -> np.ndarray:
    """Which samples are threshold samples, section 4 of `AUM <https://arxiv.org/abs/2001.10528>`_.

    Args:
        labels (np.ndarray): (N,) observed labels.
        num_classes (int): K.
        rng (np.random.Generator): Decides for all sets at once.
        index (int): Which of the disjoint sets of N // (K + 1) samples, in 0..K. Defaults to 0.

    Returns:
        np.ndarray: (N,), bool.

    Raises:
        ValueError: A bad index, too few samples, or a class that would be left without samples.
    """
    size = len(labels) // (num_classes + 1)
    if not 0 <= index <= num_classes:
        raise ValueError(f'LabelNoise: threshold_samples: index must be in 0..{num_classes}, not {index!r}.')
    if not size:
        raise ValueError(f'LabelNoise: threshold_samples need at least {num_classes + 1} samples, not {len(labels)}.')
    mask = np.zeros(len(labels), dtype=bool)
    mask[rng.permutation(len(labels))[index * size : (index + 1) * size]] = True
    taken = np.setdiff1d(labels, labels[~mask])
    if len(taken):
        raise ValueError(
            f'LabelNoise: all {(labels == taken[0]).sum()} samples of class {taken[0]} would become threshold '
            'samples. Leave out classes with so few samples, or use another threshold_samples.index.'
        )
    return mask


def trusted_labels(
    rows: np.ndarray,
    clean: Optional[np.ndarray],
    size: int,
    num_classes: int,
    rng: np.random.Generator,
    path: Optional[str] = None,
    per_class: Optional[int] = None,
) -> Tuple[np.ndarray, np.ndarray]:
    """Samples whose label somebody checked, from a file, or drawn where the true labels are known.

    Args:
        rows (np.ndarray): (N,) ``source_idx`` of the data set.
        clean (np.ndarray, optional): True labels of the whole source, where known.
        size (int): Samples of the whole source.
        num_classes (int): K.
        rng (np.random.Generator): Draws the samples of each class.
        path (str, optional): A csv with the columns ``source_idx,label``; rows outside ``rows`` are left out.
        per_class (int, optional): Samples of each true class. Exactly one of the two is given.

    Returns:
        tuple[np.ndarray, np.ndarray]: Positions in ``rows`` and labels, (M,) each.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Both or no option, a bad file, a class with too few samples, or unknown true labels.
    """
    if (path is None) == (per_class is None):
        raise ValueError("LabelNoise: trusted must be dict(path='trusted.csv') or dict(per_class=10).")
    if path is not None:
        source_idx, labels = load_trusted(path, size, num_classes)
        inside = np.isin(source_idx, rows)
        return np.searchsorted(rows, source_idx[inside]), labels[inside]
    if clean is None:
        raise ValueError(
            'LabelNoise: trusted=dict(per_class=...) needs known true labels; name checked samples with '
            "dict(path='trusted.csv')."
        )
    members = [rng.permutation(np.flatnonzero(clean[rows] == label)) for label in range(num_classes)]
    short = [label for label, found in enumerate(members) if len(found) < per_class]
    if short:
        raise ValueError(
            f'LabelNoise: class {short[0]} has {len(members[short[0]])} samples, fewer than trusted '
            f'per_class={per_class}.'
        )
    chosen = np.concatenate([found[:per_class] for found in members])
    return chosen, clean[rows[chosen]]
