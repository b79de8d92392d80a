"""The judged samples of a page: ``issues.csv`` of an audit or ``samples.csv`` of a run, as columns, worst first."""

import csv
import json
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence

import numpy as np

NEEDED = ('source_idx', 'given_label', 'is_issue')
#: Columns with a meaning of their own; a further column of numbers is a judge's score. True labels are not read here.
KNOWN = {
    *NEEDED,
    *('path', 'suggested_label', 'given_index', 'suggested_index', 'score', 'suggested_score', 'duplicate_of'),
    *('clean_label', 'clean_index', 'split'),
}


class Samples(NamedTuple):
    """N samples, sorted by score, worst first; samples without a score come last.

    Args:
        classes (list[str]): Names of the K classes.
        paths (list[str]): N image files; empty strings where the data set has none.
        source_idx (np.ndarray): (N,) int64.
        given (np.ndarray): (N,) int64, class of the given label.
        suggested (np.ndarray): (N,) int64, -1 where none is suggested.
        score (np.ndarray): (N,) in [0, 1], low = suspicious, NaN where there is none.
        suggested_score (np.ndarray): (N,) in [0, 1], NaN where there is none.
        is_issue (np.ndarray): (N,) bool.
        judges (dict[str, np.ndarray]): Each judge's score of the given label, (N,).
        duplicate_of (list[str]): N paths; empty strings where the image is no duplicate.
    """

    classes: List[str]
    paths: List[str]
    source_idx: np.ndarray
    given: np.ndarray
    suggested: np.ndarray
    score: np.ndarray
    suggested_score: np.ndarray
    is_issue: np.ndarray
    judges: Dict[str, np.ndarray]
    duplicate_of: List[str]

    def __len__(self) -> int:
        return len(self.source_idx)

    def take(self, rows: np.ndarray) -> 'Samples':
        """The same columns, reordered."""
        values = {}
        for name, value in self._asdict().items():
            if name == 'classes':
                values[name] = value
            elif name == 'judges':
                values[name] = {judge: column[rows] for judge, column in value.items()}
            else:
                values[name] = value[rows] if isinstance(value, np.ndarray) else [value[i] for i in rows]
        return Samples(**values)


def read_samples(path, classes: Optional[Sequence[str]] = None) -> Samples:
    """Read an ``issues.csv`` or ``samples.csv``.

    Args:
        path (str | Path): The file. Labels are names, or numbers as in files of earlier versions.
        classes (Sequence[str], optional): Names of the classes. Where None, ``<path>.meta.json`` names them, or else the
            labels in the file.

    Raises:
        ValueError: Not such a file, a value that is no number, or a label that is no class; the message names the line.
    """
    path = Path(path)
    with path.open(newline='', encoding='utf-8', errors='surrogateescape') as file:
        reader = csv.reader(file)
        names = next(reader, [])
        if not set(NEEDED) <= set(names):
            raise ValueError(f'{path} is no issues.csv or samples.csv: it needs the columns {", ".join(NEEDED)}.')
        rows = list(reader)
    for line, row in enumerate(rows, 2):
        if len(row) != len(names):
            raise ValueError(f'{path}, row {line}: {len(row)} values for {len(names)} columns. Write the file anew.')
    columns = dict(zip(names, zip(*rows))) if rows else dict.fromkeys(names, ())
    given, suggested = columns['given_label'], columns.get('suggested_label') or ('',) * len(rows)
    classes = list(map(str, classes or _classes_beside(path) or _distinct([*given, *suggested])))
    samples = Samples(
        classes=classes,
        paths=list(columns.get('path') or ('',) * len(rows)),
        source_idx=_numbers(path, columns, 'source_idx').astype(np.int64),
        given=_labels(path, 'given_label', given, columns.get('given_index'), classes),
        suggested=_labels(path, 'suggested_label', suggested, columns.get('suggested_index'), classes),
        score=_numbers(path, columns, 'score'),
        suggested_score=_numbers(path, columns, 'suggested_score'),
        is_issue=_numbers(path, columns, 'is_issue') == 1,
        judges={
            name: column for name in names if name not in KNOWN and (column := _try_numbers(columns[name])) is not None
        },
        duplicate_of=list(columns.get('duplicate_of') or ('',) * len(rows)),
    )
    if (samples.given < 0).any():
        raise ValueError(f'{path}, row {int(np.argmax(samples.given < 0)) + 2}: the given_label is empty.')
    return samples.take(np.argsort(samples.score, kind='stable'))


def _classes_beside(path: Path) -> Optional[list]:
    meta = path.with_name(path.name + '.meta.json')
    return json.loads(meta.read_text(encoding='utf-8')).get('classes') if meta.is_file() else None


def _distinct(labels: Sequence[str]) -> List[str]:
    """The labels as class names; numbers stand for the classes 0..max."""
    names = set(labels) - {''}
    if all(name.isdecimal() for name in names):
        return [str(i) for i in range(max(map(int, names), default=-1) + 1)]
    return sorted(names)


def _labels(path: Path, column: str, labels: Sequence[str], indices: Optional[Sequence[str]], classes) -> np.ndarray:
    """Numbers of the classes, (N,) int64: from the column of numbers, by name, or by a number in place of the name."""
    by_name = {name: i for i, name in reversed(list(enumerate(classes)))}
    found = {'': -1}
    for label in set(labels) - {''}:
        number = int(label) if label.isdecimal() else len(classes)
        found[label] = by_name.get(label, number)
    numbers = np.array([found[label] for label in labels], dtype=np.int64)
    if indices:
        filled = np.array([value != '' for value in indices], dtype=bool)
        numbers[filled] = _numbers(path, {column: [value for value in indices if value != '']}, column)
    wrong = np.flatnonzero(numbers >= len(classes))
    if len(wrong):
        raise ValueError(
            f'{path}, row {wrong[0] + 2}: the {column} {labels[wrong[0]]!r} is none of the {len(classes)} classes. '
            'The csv and the file that names the classes are of different data.'
        )
    return numbers


def _numbers(path: Path, columns: dict, name: str) -> np.ndarray:
    """A column as (N,) float64, NaN where empty or where there is no such column."""
    if name not in columns:
        return np.full(len(columns['source_idx']), np.nan)
    values = _try_numbers(columns[name])
    if values is None:
        bad = next(i for i, value in enumerate(columns[name]) if _try_numbers([value]) is None)
        raise ValueError(f'{path}, row {bad + 2}: {columns[name][bad]!r} in the column {name} is no number.')
    return values


def _try_numbers(values: Sequence[str]) -> Optional[np.ndarray]:
    try:
        return np.array([value or 'nan' for value in values], dtype=np.float64)
    except ValueError:
        return None
