"""Rows that an earlier run takes for right, a long tail, threshold samples, and samples whose label was checked."""

import logging
from numbers import Real
from typing import Optional, Sequence, Tuple

import numpy as np
from mmengine.logging import print_log

from .label_file import load_trusted
from .samples_file import meta_path, read_samples


def kept_rows(path, rows: np.ndarray, labels: np.ndarray, checksum: str) -> np.ndarray:
    """Rows that a ``samples.csv`` does not flag. How many it flags, and whether its meta file is missing, is logged.

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
    print_log(f'LabelNoise: keep={str(path)!r} drops {is_issue.sum()} of {len(rows)} samples.', logger='current')
    if not meta_path(path).is_file():
        print_log(
            f'LabelNoise: {meta_path(path)} is missing: that keep={str(path)!r} was made for this data set is not checked.',
            logger='current',
            level=logging.WARNING,
        )
    return rows[~is_issue]


def long_tailed_rows(
    rows: np.ndarray, labels: Optional[np.ndarray], num_classes: int, rng: np.random.Generator, ratio: float
) -> np.ndarray:
    """A part of the rows in which the true classes become ever smaller, as in `Class-Balanced Loss
    <https://arxiv.org/abs/1901.05555>`_: of class k the share ``ratio ** (-k / (K - 1))`` is kept, at least one sample.

    Args:
        rows (np.ndarray): (N,), ascending.
        labels (np.ndarray, optional): (N,), their true labels.
        num_classes (int): K.
        rng (np.random.Generator): Draws the samples of each class.
        ratio (float): Size of class 0 to that of the last class, at least 1, where all were of one size.

    Returns:
        np.ndarray: The kept part of ``rows``, ascending.

    Raises:
        ValueError: A bad ratio, or unknown true labels.
    """
    if isinstance(ratio, bool) or not isinstance(ratio, Real) or not 1 <= ratio < float('inf'):
        raise ValueError(f'LabelNoise: long_tail: ratio must be a number of at least 1, not {ratio!r}.')
    if labels is None:
        raise ValueError('LabelNoise: long_tail needs known true labels: the source gives none.')
    kept = []
    for label in range(num_classes):
        members = rng.permutation(rows[labels == label])
        kept.append(members[: max(1, round(len(members) * ratio ** (-label / max(1, num_classes - 1))))])
    return np.sort(np.concatenate(kept))


def check_options(name: str, options, known: Sequence[str]) -> None:
    """Refuse what is not a dict of known options.

    Raises:
        ValueError: The message names the option of LabelNoise.
    """
    if not isinstance(options, dict):
        raise ValueError(f'LabelNoise: {name} must be a dict with {" or ".join(known)}, not {options!r}.')
    unknown = [key for key in options if key not in known]
    if unknown:
        raise ValueError(f'LabelNoise: {name} has no option {unknown[0]!r}, only {", ".join(known)}.')


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
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index <= num_classes:
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
    classes: Optional[Sequence[str]] = None,
    first: Optional[np.ndarray] = None,
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
        classes (Sequence[str], optional): Names of the classes, for the file.
        first (np.ndarray, optional): First row of each row's image (:func:`mmnoisy.datasets.identity.first_rows`): the
            file may name any row of an image.

    Returns:
        tuple[np.ndarray, np.ndarray]: Positions in ``rows`` and labels, (M,) each.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Both or no option, a bad file, a class with too few samples, or unknown true labels.
    """
    if (path is None) == (per_class is None):
        raise ValueError("LabelNoise: trusted must be dict(path='trusted.csv') or dict(per_class=10).")
    if path is not None:
        source_idx, labels = load_trusted(path, size, num_classes, classes)
        if first is not None:
            source_idx, labels = _by_image(path, source_idx, labels, first)
        inside = np.isin(source_idx, rows)
        return np.searchsorted(rows, source_idx[inside]), labels[inside]
    if isinstance(per_class, bool) or not isinstance(per_class, int) or per_class < 1:
        raise ValueError(f'LabelNoise: trusted: per_class must be an integer of at least 1, not {per_class!r}.')
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


def _by_image(path, source_idx: np.ndarray, labels: np.ndarray, first: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    images, kept = np.unique(first[source_idx], return_index=True)
    same = kept[np.searchsorted(images, first[source_idx])]
    other = np.flatnonzero(labels != labels[same])
    if len(other):
        rows = source_idx[same[other[0]]], source_idx[other[0]]
        raise ValueError(
            f'trusted file {path}: the source_idx {rows[0]} and {rows[1]} are the same image, but have different labels. '
            'Keep one.'
        )
    kept.sort()
    return first[source_idx[kept]], labels[kept]
