"""Reading the ``samples.csv`` of an earlier run, and refusing that of another data set."""

import csv
import math
from pathlib import Path
from typing import Iterator, Optional, Tuple

import numpy as np

from .label_formats import read_meta

COLUMNS = ('source_idx', 'given_label', 'is_issue')


def read_samples(
    path, rows: np.ndarray, labels: np.ndarray, checksum: str, option: str
) -> Tuple[np.ndarray, np.ndarray]:
    """What a ``samples.csv`` says of the samples of a data set.

    Args:
        path (str | Path): Written by a run that scored the samples (see :class:`mmnoisy.engine.SampleRecordHook`), or
            by a stage that merged several.
        rows (np.ndarray): (N,) ``source_idx`` of the data set.
        labels (np.ndarray): (N,) its observed labels.
        checksum (str): Fingerprint of the source (:func:`mmnoisy.datasets.label_file.checksum`).
        option (str): What the user set, for error messages, such as ``'LabelNoise: keep'``.

    Returns:
        tuple[np.ndarray, np.ndarray]: ``score`` (N,), NaN where the file has none, and ``is_issue`` (N,) bool.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not a samples.csv, of another data set, of other labels, or one that does not judge every row.
    """
    path = Path(path)
    name = f'{option}={str(path)!r}'
    if not path.is_file():
        raise FileNotFoundError(f'{name} does not exist.')
    found = read_checksum(path)
    if found is not None and found != checksum:
        raise ValueError(
            f'{name} was made for another data set or split: its checksum is {found[:15]}..., that of this '
            f'data set {checksum[:15]}...'
        )
    columns = [(*(row[column] for column in COLUMNS), row['score']) for row in read_rows(path, name)]
    source_idx, given, is_issue, score = np.array(columns, dtype=np.float64).reshape(-1, 4).T
    source_idx, given = source_idx.astype(np.int64), given.astype(np.int64)
    order = np.argsort(source_idx, kind='stable')
    if (np.diff(source_idx[order]) == 0).any():
        raise ValueError(f'{name} names a source_idx twice.')
    missing = rows[~np.isin(rows, source_idx)]
    if len(missing):
        raise ValueError(
            f'{name} does not judge {len(missing)} of the {len(rows)} rows, the first is source_idx '
            f'{missing[0]}. Score the samples with the same seed and holdout; where threshold samples are '
            'used, merge runs with disjoint sets of them.'
        )
    chosen = order[np.searchsorted(source_idx[order], rows)]
    other = np.flatnonzero(given[chosen] != labels)
    if len(other):
        raise ValueError(
            f'{name} was made with other labels: source_idx {rows[other[0]]} has the given_label '
            f'{given[chosen][other[0]]} there ({len(other)} such rows). Use the same noise and seed.'
        )
    return score[chosen], is_issue[chosen] != 0


def read_rows(path, name: Optional[str] = None) -> Iterator[dict]:
    """The rows of a ``samples.csv`` as written, with integers in :data:`COLUMNS` and a float ``score`` (NaN where empty).

    Args:
        path (str | Path): The file.
        name (str, optional): What messages call it; the path where None.

    Raises:
        ValueError: Not a samples.csv, or a line with something else than numbers; the message names it.
    """
    name = name or str(path)
    with Path(path).open(newline='') as file:
        reader = csv.DictReader(file)
        if not set(COLUMNS) <= set(reader.fieldnames or ()):
            raise ValueError(f'{name} is no samples.csv: it needs the columns {", ".join(COLUMNS)}.')
        for row in reader:
            try:
                row.update((column, int(row[column])) for column in COLUMNS)
                row['score'] = float(row.get('score') or 'nan')
                _check_row(row)
            except (TypeError, ValueError) as error:
                raise ValueError(f'{name}, line {reader.line_num}: {error}.') from error
            yield row


def read_checksum(path) -> Optional[str]:
    """Checksum of the data set that a ``samples.csv`` was made for; None where nothing says so."""
    return read_meta(path).get('checksum')


def meta_path(path) -> Path:
    """Companion of a samples.csv."""
    path = Path(path)
    return path.with_name(path.name + '.meta.json')


def _check_row(row: dict) -> None:
    if row['source_idx'] < 0:
        raise ValueError(f'source_idx {row["source_idx"]} is negative')
    if row['is_issue'] not in (0, 1):
        raise ValueError(f'is_issue must be 0 or 1, not {row["is_issue"]}')
    if not (math.isnan(row['score']) or 0 <= row['score'] <= 1):
        raise ValueError(f'score must be in [0, 1], not {row["score"]}')
