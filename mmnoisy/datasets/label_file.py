"""Files of labels: written with a checksum of the original labels, read in the formats found in the field."""

import json
from pathlib import Path
from typing import Optional, Sequence, Tuple

import numpy as np

from ..files import replace_file, write_text
from .label_formats import READERS, checksum, companion, label_column
from .labels import MAX_ROWS, Labels, read_numbers
from .tables import read_table
from .text_file import check_file
from .vocabulary import encode, numbers_are_names


def save_labels(path, labels: np.ndarray, original: np.ndarray, **info) -> None:
    """Write labels and, beside them, the checksum of the labels that they replace.

    Args:
        path (str | Path): ``.json`` keeps all in one file; ``.npy`` and ``.csv`` (``source_idx,label``) get a
            companion ``<path>.meta.json``.
        labels (np.ndarray): (N,) in the order of the original data set.
        original (np.ndarray): (N,) original labels.
        **info: Further entries, such as kind, rate and seed.

    Raises:
        ValueError: Unknown suffix.
    """
    path = check_suffix(path)
    meta = dict(checksum=checksum(original), **info)
    labels = np.asarray(labels, dtype=np.int64)
    if path.suffix == '.json':
        write_text(path, json.dumps(dict(meta, labels=labels.tolist())))
        return
    if path.suffix == '.npy':
        with replace_file(path, 'wb') as file:
            np.save(file, labels)
    else:
        lines = ['source_idx,label', *(f'{row},{label}' for row, label in enumerate(labels))]
        write_text(path, '\n'.join(lines) + '\n')
    write_text(companion(path), json.dumps(meta))


def check_suffix(path) -> Path:
    """A path that :func:`save_labels` can write.

    Raises:
        ValueError: Unknown suffix.
    """
    path = Path(path)
    if path.suffix not in ('.json', '.npy', '.csv'):
        raise ValueError(f'{path}: labels can be saved as .json, .npy or .csv, not as {path.suffix!r}.')
    return path


def load_labels(
    path, original: np.ndarray, num_classes: int, key: Optional[str] = None, classes: Optional[Sequence[str]] = None
) -> np.ndarray:
    """Read labels for a data set.

    Formats: ``.json`` (our own, a plain list such as DivideMix's noise file, or a dict with ``key``), ``.npy``,
    ``.csv`` with a header, the column ``label`` (or ``key``) and optionally ``source_idx``, ``.pt`` (a tensor or array,
    or a dict of them with ``key``, such as CIFAR-N's files). A dict that also has ``clean_label`` (CIFAR-N) is checked
    against the data set like one with a checksum.

    Args:
        path (str | Path): The file.
        original (np.ndarray): The data set's original labels, (N,).
        num_classes (int): K.
        key (str, optional): Which labels, where the file holds several.
        classes (Sequence[str], optional): Names of the classes: the labels may be names. Where classes are called like
            the numbers of others, so is a number in a file without a checksum.

    Returns:
        np.ndarray: (N,), int64.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not a label file, wrong length, labels that are no classes, or labels of another data set.
    """
    path = Path(path)
    check_file(path, 'label file ')
    if path.suffix not in READERS:
        raise ValueError(f'label file {path}: unknown suffix {path.suffix!r}; known: {", ".join(READERS)}.')
    labels, where, expected = READERS[path.suffix](path, key, len(original))
    shape = np.shape(labels) if isinstance(labels, np.ndarray) else (len(labels),)
    if len(shape) != 1 or len(labels) != len(original):
        raise ValueError(
            f'label file {path} has labels of shape {shape}, but the data set has {len(original)} samples.'
        )
    column = Labels(labels, where)
    if classes is None or (expected is not None and numbers_are_names(classes)):
        numbers = read_numbers(column, num_classes)
    else:
        (numbers,) = encode(classes, column)
    if expected is not None and expected != checksum(original):
        raise ValueError(
            f'label file {path} was made for another data set, split or order: the checksum of its '
            f'original labels is {expected[:15]}..., that of this data set {checksum(original)[:15]}...'
        )
    return numbers


def load_trusted(
    path, size: int, num_classes: int, classes: Optional[Sequence[str]] = None
) -> Tuple[np.ndarray, np.ndarray]:
    """Read checked labels of a few samples: a csv with the columns ``source_idx,label``.

    Args:
        path (str | Path): The file.
        size (int): Samples of the data set.
        num_classes (int): K.
        classes (Sequence[str], optional): Names of the classes: the labels may be names.

    Returns:
        tuple[np.ndarray, np.ndarray]: Rows and their labels, (M,) each.

    Raises:
        FileNotFoundError: No such file.
        ValueError: A column is missing, a row or label is outside the data set, or a row has two labels; the line is
            named.
    """
    path = Path(path)
    table = read_table(path, what='trusted file ')
    missing = [name for name in ('source_idx', 'label') if name not in table.columns]
    if missing:
        raise ValueError(
            f'trusted file {path}: the first line must be "source_idx,label", not {",".join(table.columns)}.'
        )
    rows = read_numbers(label_column(table, 'source_idx'), size, MAX_ROWS)
    column = label_column(table, 'label')
    labels = read_numbers(column, num_classes) if classes is None else encode(classes, column)[0]
    first = {}
    for line, row, label in zip(table.lines, rows.tolist(), labels.tolist()):
        other, known = first.setdefault(row, (line, label))
        if known != label:
            raise ValueError(
                f'trusted file {path}, line {line}: source_idx {row} has another label than on line {other}. Keep one.'
            )
    kept = np.unique(rows, return_index=True)[1]
    kept.sort()
    return rows[kept], labels[kept]
