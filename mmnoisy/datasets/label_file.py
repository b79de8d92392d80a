"""Files of labels: written with a checksum of the original labels, read in the formats found in the field."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Optional, Tuple

import numpy as np

SUFFIXES = ('.json', '.npy', '.csv', '.pt')


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
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == '.json':
        path.write_text(json.dumps(dict(meta, labels=labels.tolist())))
        return
    if path.suffix == '.npy':
        np.save(path, labels)
    elif path.suffix == '.csv':
        lines = ['source_idx,label', *(f'{row},{label}' for row, label in enumerate(labels))]
        path.write_text('\n'.join(lines) + '\n')
    else:
        raise ValueError(f'{path}: labels can be saved as .json, .npy or .csv, not as {path.suffix!r}.')
    _companion(path).write_text(json.dumps(meta))


def load_labels(path, original: np.ndarray, num_classes: int, key: Optional[str] = None) -> np.ndarray:
    """Read labels for a data set.

    Formats: ``.json`` (our own, a plain list such as DivideMix's noise file, or a dict with ``key``), ``.npy`` (an
    array, or a pickled dict with ``key`` is refused: save the array), ``.csv`` with a header and the columns
    ``label`` and optionally ``source_idx``, ``.pt`` (a tensor or array, or a dict of them with ``key``, such as
    CIFAR-N's files).

    Args:
        path (str | Path): The file.
        original (np.ndarray): The data set's original labels, (N,).
        num_classes (int): K.
        key (str, optional): Which labels, where the file holds several.

    Returns:
        np.ndarray: (N,), int64.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not a label file, wrong length, labels outside 0..K-1, or labels of another data set.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'label file {path} does not exist.')
    if path.suffix not in SUFFIXES:
        raise ValueError(f'label file {path}: unknown suffix {path.suffix!r}; known: {", ".join(SUFFIXES)}.')
    try:
        labels, meta = _READERS[path.suffix](path, key, len(original))
    except (KeyError, IndexError, TypeError, ValueError, json.JSONDecodeError) as error:
        raise ValueError(f'label file {path}: {error}') from error
    if labels.ndim != 1 or len(labels) != len(original):
        raise ValueError(f'label file {path} has labels of shape {labels.shape}, but the data set has {len(original)} samples.')
    integers = labels.astype(np.int64)
    wrong = np.flatnonzero((integers != labels) | (integers < 0) | (integers >= num_classes))
    if len(wrong):
        raise ValueError(f'label file {path}: row {wrong[0]} has the label {labels[wrong[0]]}, but the data set has the '
                         f'classes 0..{num_classes - 1} ({len(wrong)} such rows).')
    expected = meta.get('checksum')
    if expected is not None and expected != checksum(original):
        raise ValueError(f'label file {path} was made for another data set or split: the checksum of its original labels is '
                         f'{expected[:15]}..., this data set has {checksum(original)[:15]}...')
    return integers


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
    with path.open(newline='') as file:
        table = list(csv.DictReader(file))
    rows = []
    for column, limit in (('source_idx', size), ('label', num_classes)):
        if not table or column not in table[0]:
            raise ValueError(f'trusted file {path} has no column {column!r}; the first line must be "source_idx,label".')
        values = [_number(row[column], line) for line, row in enumerate(table, 2)]
        for line, value in enumerate(values, 2):
            if not 0 <= value < limit:
                raise ValueError(f'trusted file {path}, line {line}: {column} {value} is outside 0..{limit - 1}.')
        rows.append(np.asarray(values, dtype=np.int64))
    return rows[0], rows[1]


def _companion(path: Path) -> Path:
    return path.with_name(path.name + '.meta.json')


def _companion_meta(path: Path) -> dict:
    companion = _companion(path)
    return json.loads(companion.read_text()) if companion.is_file() else {}


def _pick(content, key):
    if key is None and isinstance(content, dict) and 'labels' in content:
        key = 'labels'
    if isinstance(content, dict):
        if key not in content:
            raise ValueError(f'it holds the keys {", ".join(map(str, content))}; choose one with `key=`.')
        return content[key]
    return content


def _read_json(path, key, size):
    content = json.loads(path.read_text())
    return np.asarray(_pick(content, key)), content if isinstance(content, dict) else {}


def _read_npy(path, key, size):
    try:
        return np.load(path, allow_pickle=False), _companion_meta(path)
    except ValueError as error:
        raise ValueError('it holds pickled objects, which are not read; save the label array alone with numpy.save.') from error


def _read_pt(path, key, size):
    import torch
    content = _pick(torch.load(path, map_location='cpu', weights_only=True), key)
    return np.asarray(content), {}


def _read_csv(path, key, size):
    with path.open(newline='') as file:
        rows = list(csv.DictReader(file))
    column = key or 'label'
    if not rows or column not in rows[0]:
        raise ValueError(f'it has no column {column!r}; the first line must be a header such as "source_idx,label".')
    labels = np.asarray([_number(row[column], number) for number, row in enumerate(rows, 2)])
    if 'source_idx' not in rows[0]:
        return labels, _companion_meta(path)
    index = np.asarray([_number(row['source_idx'], number) for number, row in enumerate(rows, 2)])
    if sorted(index.tolist()) != list(range(size)):
        raise ValueError(f'its column source_idx must name each of the {size} rows of the data set once.')
    ordered = np.empty_like(labels)
    ordered[index] = labels
    return ordered, _companion_meta(path)


def _number(text, line):
    try:
        return int(text)
    except (TypeError, ValueError):
        raise ValueError(f'line {line}: {text!r} is not an integer.') from None


_READERS = {'.json': _read_json, '.npy': _read_npy, '.csv': _read_csv, '.pt': _read_pt}
