"""Files of labels: written with a checksum of the original labels, read in the formats found in the field."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Optional, Tuple

import numpy as np

from ..files import replace_file, write_text


def checksum(labels: np.ndarray) -> str:
    """Fingerprint of a data set's original labels: the same on every machine."""
    return 'sha256:' + hashlib.sha256(np.ascontiguousarray(labels, dtype='<i8').tobytes()).hexdigest()


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
    path = Path(path)
    meta = dict(checksum=checksum(original), **info)
    labels = np.asarray(labels, dtype=np.int64)
    if path.suffix == '.json':
        write_text(path, json.dumps(dict(meta, labels=labels.tolist())))
        return
    if path.suffix == '.npy':
        with replace_file(path, 'wb') as file:
            np.save(file, labels)
    elif path.suffix == '.csv':
        lines = ['source_idx,label', *(f'{row},{label}' for row, label in enumerate(labels))]
        write_text(path, '\n'.join(lines) + '\n')
    else:
        raise ValueError(f'{path}: labels can be saved as .json, .npy or .csv, not as {path.suffix!r}.')
    write_text(_companion(path), json.dumps(meta))


def load_labels(path, original: np.ndarray, num_classes: int, key: Optional[str] = None) -> np.ndarray:
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

    Returns:
        np.ndarray: (N,), int64.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not a label file, wrong length, labels that are not integers in 0..K-1, or labels of another data
            set.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'label file {path} does not exist.')
    if path.suffix not in _READERS:
        raise ValueError(f'label file {path}: unknown suffix {path.suffix!r}; known: {", ".join(_READERS)}.')
    try:
        labels, expected = _READERS[path.suffix](path, key, len(original))
        labels = np.asarray(labels)
    except (csv.Error, AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise ValueError(f'label file {path}: {error}') from error
    if labels.ndim != 1 or len(labels) != len(original):
        raise ValueError(
            f'label file {path} has labels of shape {labels.shape}, but the data set has {len(original)} samples.'
        )
    if labels.dtype.kind not in 'iu':
        raise ValueError(f'label file {path}: labels must be integers, not {labels.dtype}.')
    wrong = np.flatnonzero((labels < 0) | (labels >= num_classes))
    if len(wrong):
        raise ValueError(
            f'label file {path}: row {wrong[0]} has the label {labels[wrong[0]]}, but the data set has '
            f'the classes 0..{num_classes - 1} ({len(wrong)} such rows).'
        )
    if expected is not None and expected != checksum(original):
        raise ValueError(
            f'label file {path} was made for another data set, split or order: the checksum of its '
            f'original labels is {expected[:15]}..., that of this data set {checksum(original)[:15]}...'
        )
    return labels.astype(np.int64)


def load_trusted(path, size: int, num_classes: int) -> Tuple[np.ndarray, np.ndarray]:
    """Read checked labels of a few samples: a csv with the columns ``source_idx,label``.

    Args:
        path (str | Path): The file.
        size (int): Samples of the data set.
        num_classes (int): K.

    Returns:
        tuple[np.ndarray, np.ndarray]: Rows and their labels, (M,) each.

    Raises:
        FileNotFoundError: No such file.
        ValueError: A column is missing, or a row or label is outside the data set; the line is named.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'trusted file {path} does not exist.')
    with path.open(newline='', encoding='utf-8-sig') as file:
        table = list(csv.DictReader(file))
    if not table or not {'source_idx', 'label'} <= set(table[0]):
        raise ValueError(f'trusted file {path}: the first line must be "source_idx,label", with lines below it.')
    columns = []
    for name, limit in (('source_idx', size), ('label', num_classes)):
        try:
            values = _column(table, name)
        except ValueError as error:
            raise ValueError(f'trusted file {path}, {error}') from None
        outside = np.flatnonzero((values < 0) | (values >= limit))
        if len(outside):
            raise ValueError(
                f'trusted file {path}, line {outside[0] + 2}: {name} {values[outside[0]]} is outside 0..{limit - 1}.'
            )
        columns.append(values)
    return columns[0], columns[1]


def _companion(path: Path) -> Path:
    return path.with_name(path.name + '.meta.json')


def _companion_checksum(path: Path) -> Optional[str]:
    companion = _companion(path)
    return json.loads(companion.read_text()).get('checksum') if companion.is_file() else None


def _pick(content, key):
    """Labels and expected checksum from what a file holds."""
    if not isinstance(content, dict):
        return content, None
    if key is None and 'labels' in content:
        key = 'labels'
    if key not in content:
        raise ValueError(f'it holds the keys {", ".join(map(str, content))}; choose one with `key=`.')
    if 'clean_label' in content:
        return content[key], checksum(np.asarray(content['clean_label']))
    return content[key], content.get('checksum')


def _read_json(path, key, size):
    return _pick(json.loads(path.read_text()), key)


def _read_npy(path, key, size):
    try:
        return np.load(path, allow_pickle=False), _companion_checksum(path)
    except (ValueError, EOFError) as error:
        raise ValueError(f'it is not an array that numpy can read ({error}).') from error


def _read_pt(path, key, size):
    import torch

    try:
        content = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # torch raises RuntimeError, UnpicklingError, EOFError and others
        raise ValueError(f'torch cannot read it ({str(error).splitlines()[0]}).') from error
    return _pick(content, key)


def _read_csv(path, key, size):
    with path.open(newline='', encoding='utf-8-sig') as file:
        rows = list(csv.DictReader(file))
    column = key or 'label'
    if not rows or column not in rows[0]:
        raise ValueError(f'it has no column {column!r}; the first line must be a header such as "source_idx,label".')
    labels = _column(rows, column)
    if 'source_idx' not in rows[0]:
        return labels, _companion_checksum(path)
    index = _column(rows, 'source_idx')
    if not np.array_equal(np.sort(index), np.arange(size)):
        raise ValueError(f'its column source_idx must name each of the {size} rows of the data set once.')
    ordered = np.empty_like(labels)
    ordered[index] = labels
    return ordered, _companion_checksum(path)


def _column(rows, name):
    values = np.empty(len(rows), dtype=np.int64)
    for row, entry in enumerate(rows):
        try:
            values[row] = int(entry[name])
        except (TypeError, ValueError):
            raise ValueError(f'line {row + 2}: {entry[name]!r} in column {name} is not an integer.') from None
    return values


_READERS = {'.json': _read_json, '.npy': _read_npy, '.csv': _read_csv, '.pt': _read_pt}
