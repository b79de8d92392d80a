"""Reading the ``samples.csv`` of an earlier run for a data set, and refusing that of another one."""

import csv
import json
from pathlib import Path
from typing import Tuple

import numpy as np

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
    meta = path.with_name(path.name + '.meta.json')
    found = json.loads(meta.read_text()).get('checksum') if meta.is_file() else None
    if found is not None and found != checksum:
        raise ValueError(
            f'{name} was made for another data set or split: its checksum is {found[:15]}..., that of this '
            f'data set {checksum[:15]}...'
        )
    source_idx, given, is_issue, score = _read(path, name)
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


def _read(path: Path, name: str):
    with path.open(newline='') as file:
        reader = csv.DictReader(file)
        if not set(COLUMNS) <= set(reader.fieldnames or ()):
            raise ValueError(f'{name} is no samples.csv: it needs the columns {", ".join(COLUMNS)}.')
        integers, scores = [], []
        try:
            for row in reader:
                integers.append([int(row[column]) for column in COLUMNS])
                scores.append(float(row.get('score') or 'nan'))
        except (TypeError, ValueError) as error:
            raise ValueError(f'{name}, line {reader.line_num}: {error}.') from error
    return (*np.array(integers, dtype=np.int64).reshape(-1, 3).T, np.array(scores))
