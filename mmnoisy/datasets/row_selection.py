"""Rows that an earlier run takes for right, and rows that serve as threshold samples."""

import csv
import json
from pathlib import Path

import numpy as np


def kept_rows(path, rows: np.ndarray, labels: np.ndarray, checksum: str) -> np.ndarray:
    """Rows that a ``samples.csv`` does not flag.

    Args:
        path (str | Path): Written by a run that scored the samples (see :class:`mmnoisy.engine.SampleRecordHook`), or by
            a stage that merged several.
        rows (np.ndarray): (N,) ``source_idx`` to choose from.
        labels (np.ndarray): Observed labels of the whole source.
        checksum (str): Fingerprint of the source (:func:`mmnoisy.datasets.label_file.checksum`).

    Returns:
        np.ndarray: The kept part of ``rows``, in their order.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not a samples.csv, of another data set, of other labels, or one that does not judge every row.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'LabelNoise: keep={str(path)!r} does not exist.')
    meta = path.with_name(path.name + '.meta.json')
    found = json.loads(meta.read_text()).get('checksum') if meta.is_file() else None
    if found is not None and found != checksum:
        raise ValueError(f'LabelNoise: keep={str(path)!r} was made for another data set or split: its checksum is '
                         f'{found[:15]}..., that of this data set {checksum[:15]}...')
    source_idx, given, is_issue = _read(path)
    if len(np.unique(source_idx)) != len(source_idx):
        raise ValueError(f'LabelNoise: keep={str(path)!r} names a source_idx twice.')
    if not np.isin(rows, source_idx).all():
        missing = rows[~np.isin(rows, source_idx)]
        raise ValueError(f'LabelNoise: keep={str(path)!r} does not judge {len(missing)} of the {len(rows)} rows, the first is '
                         f'source_idx {missing[0]}. Score the samples with the same seed and holdout; where threshold samples '
                         'are used, merge runs with disjoint sets of them.')
    inside = source_idx < len(labels)
    other = ~inside
    other[inside] = labels[source_idx[inside]] != given[inside]
    if other.any():
        raise ValueError(f'LabelNoise: keep={str(path)!r} was made with other labels: source_idx {source_idx[other][0]} has the '
                         f'given_label {given[other][0]} there ({other.sum()} such rows). Use the same noise and seed.')
    kept = rows[~np.isin(rows, source_idx[is_issue != 0])]
    if not len(kept):
        raise ValueError(f'LabelNoise: keep={str(path)!r} keeps no sample.')
    return kept


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
    mask[rng.permutation(len(labels))[index * size:(index + 1) * size]] = True
    taken = np.setdiff1d(labels, labels[~mask])
    if len(taken):
        raise ValueError(f'LabelNoise: all {(labels == taken[0]).sum()} samples of class {taken[0]} would become threshold '
                         'samples. Leave out classes with so few samples, or use another threshold_samples.index.')
    return mask


def _read(path):
    with path.open(newline='') as file:
        reader = csv.DictReader(file)
        wanted = ('source_idx', 'given_label', 'is_issue')
        if not set(wanted) <= set(reader.fieldnames or ()):
            raise ValueError(f'LabelNoise: keep={str(path)!r} is no samples.csv: it needs the columns {", ".join(wanted)}.')
        try:
            table = np.array([[int(row[name]) for name in wanted] for row in reader], dtype=np.int64).reshape(-1, 3)
        except (TypeError, ValueError) as error:
            raise ValueError(f'LabelNoise: keep={str(path)!r}, line {reader.line_num}: {error}.') from error
    return table.T
