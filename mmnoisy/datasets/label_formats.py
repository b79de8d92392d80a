"""The formats of label files: json, npy, pt, csv. Each gives labels, where they stand, and the checksum of what they replace."""

import hashlib
import json
from pathlib import Path

import numpy as np

from .labels import MAX_ROWS, Labels, read_numbers, short_repr
from .tables import Table, read_table


def checksum(labels: np.ndarray) -> str:
    """Fingerprint of a data set's original labels: the same on every machine."""
    return 'sha256:' + hashlib.sha256(np.ascontiguousarray(labels, dtype='<i8').tobytes()).hexdigest()


def read_meta(path) -> dict:
    """What the companion ``<path>.meta.json`` says; empty where there is none.

    Raises:
        ValueError: The companion is damaged; the message names it, not the file beside it.
    """
    beside = companion(Path(path))
    if not beside.is_file():
        return {}
    try:
        meta = json.loads(beside.read_text(encoding='utf-8'))
    except (ValueError, RecursionError):
        meta = None
    if not isinstance(meta, dict) or not isinstance(meta.get('checksum', ''), str):
        raise ValueError(
            f'{beside} is damaged: it must be a JSON object with a text "checksum". Write {Path(path).name} again, or '
            'delete it to go without the check.'
        )
    return meta


def companion(path: Path) -> Path:
    """The file beside a label file that says what it was made for."""
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
        # Mapped, so that a header that claims a huge array is compared with the size of the file first.
        labels = np.array(np.load(path, mmap_mode='r', allow_pickle=False))
    except Exception as error:  # A damaged header raises ValueError, TokenError, OverflowError and others.
        reason = str(error).split('\n')[0]
        raise ValueError(f'label file {path}: it is not an array that numpy can read ({reason}).') from error
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
    column, expected = label_column(table, name), read_meta(path).get('checksum')
    if 'source_idx' not in table.columns:
        return column.values, column.where, expected
    index = label_column(table, 'source_idx')
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


def label_column(table: Table, name: str) -> Labels:
    """A column of a table as labels."""
    return Labels(table.columns[name], lambda row: table.where(row, name))


READERS = {'.json': _read_json, '.npy': _read_npy, '.csv': _read_csv, '.pt': _read_pt}
