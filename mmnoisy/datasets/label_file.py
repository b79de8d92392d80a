"""Files of labels: written with a checksum of the original labels, read in the formats found in the field."""

import hashlib
import json
from pathlib import Path
from typing import Optional, Sequence, Tuple

import numpy as np

from .labels import MAX_ROWS, Labels, read_numbers, short_repr
from .tables import Table, check_file, read_table
from .vocabulary import encode, numbers_are_names


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
    path = check_suffix(path)
    meta = dict(checksum=checksum(original), **info)
    labels = np.asarray(labels, dtype=np.int64)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == '.json':
        path.write_text(json.dumps(dict(meta, labels=labels.tolist())))
        return
    if path.suffix == '.npy':
        np.save(path, labels)
    else:
        lines = ['source_idx,label', *(f'{row},{label}' for row, label in enumerate(labels))]
        path.write_text('\n'.join(lines) + '\n')
    _companion(path).write_text(json.dumps(meta))


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
    if path.suffix not in _READERS:
        raise ValueError(f'label file {path}: unknown suffix {path.suffix!r}; known: {", ".join(_READERS)}.')
    labels, where, expected = _READERS[path.suffix](path, key, len(original))
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
    rows = read_numbers(_column(table, 'source_idx'), size, MAX_ROWS)
    column = _column(table, 'label')
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


def read_meta(path) -> dict:
    """What the companion ``<path>.meta.json`` says; empty where there is none.

    Raises:
        ValueError: The companion is damaged; the message names it, not the file beside it.
    """
    companion = _companion(Path(path))
    if not companion.is_file():
        return {}
    try:
        meta = json.loads(companion.read_text(encoding='utf-8'))
    except (ValueError, RecursionError):
        meta = None
    if not isinstance(meta, dict) or not isinstance(meta.get('checksum', ''), str):
        raise ValueError(
            f'{companion} is damaged: it must be a JSON object with a text "checksum". Write {Path(path).name} again, or '
            'delete it to go without the check.'
        )
    return meta


def _companion(path: Path) -> Path:
    return path.with_name(path.name + '.meta.json')


def _pick(path, content, key, size):
    """Labels, where they are, and the expected checksum, from what a file holds."""
    expected = None
    if isinstance(content, dict):
        if key is None and 'labels' in content:
            key = 'labels'
        if key not in content:
            names = ', '.join(map(str, content))
            raise ValueError(
                f'label file {path}: it holds the keys {names}; choose one with `key=`.'
                if names
                else f'label file {path} holds no labels.'
            )
        expected = content.get('checksum')
        if 'clean_label' in content:
            expected = checksum(np.asarray(content['clean_label']))
        content = content[key]
    if isinstance(content, (list, tuple)):
        if content and all(isinstance(row, (list, tuple)) for row in content):
            raise ValueError(
                f'label file {path} has labels of shape ({len(content)}, {len(content[0])}), but one label a sample is '
                f'needed: the data set has {size} samples.'
            )
    elif not isinstance(content, np.ndarray):
        if not hasattr(content, 'numpy'):
            raise ValueError(f'label file {path}: a list of labels is needed, not {short_repr(content)}.')
        content = content.numpy()
    return content, lambda row: f'label file {path}, row {row}: label', expected


def _read_json(path, key, size):
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except json.JSONDecodeError as error:
        raise ValueError(f'label file {path} is not JSON ({error}).') from None
    except RecursionError:
        raise ValueError(f'label file {path} is nested too deeply: a list of labels is needed.') from None
    except ValueError as error:
        raise ValueError(f'label file {path}: {error}') from None
    return _pick(path, content, key, size)


def _read_npy(path, key, size):
    try:
        labels = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f'label file {path}: it is not an array that numpy can read ({error}).') from error
    labels, where, _ = _pick(path, labels, key, size)
    return labels, where, read_meta(path).get('checksum')


def _read_pt(path, key, size):
    import torch

    try:
        content = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # torch raises RuntimeError, UnpicklingError, EOFError and others
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(f'label file {path}: torch cannot read it ({reason}).') from error
    return _pick(path, content, key, size)


def _read_csv(path, key, size):
    table = read_table(path, what='label file ')
    name = key or 'label'
    if name not in table.columns:
        raise ValueError(
            f'label file {path}: it has no column {name!r}; the first line must be a header such as "source_idx,label".'
        )
    column, expected = _column(table, name), read_meta(path).get('checksum')
    if 'source_idx' not in table.columns:
        return column.values, column.where, expected
    index = _column(table, 'source_idx')
    rows = read_numbers(index, size, MAX_ROWS)
    place = np.full(size, -1)
    for at, row in enumerate(rows.tolist()):
        if place[row] >= 0:
            raise ValueError(f'{index.where(at)} {row} stands there twice; each of the {size} rows is named once.')
        place[row] = at
    missing = np.flatnonzero(place < 0)
    if len(missing):
        raise ValueError(
            f'label file {path}: source_idx {missing[0]} is missing ({len(missing)} of {size} rows); each is named once.'
        )
    return [column.values[at] for at in place], lambda row: column.where(place[row]), expected


def _column(table: Table, name: str) -> Labels:
    return Labels(table.columns[name], lambda row: table.where(row, name))


_READERS = {'.json': _read_json, '.npy': _read_npy, '.csv': _read_csv, '.pt': _read_pt}
