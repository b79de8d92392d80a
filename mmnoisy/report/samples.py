"""The judged samples of a page: ``issues.csv`` of an audit or ``samples.csv`` of a run, as columns, worst first."""

from typing import Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from ..datasets.samples_reader import COLUMNS, SamplesReader

#: Columns of whole numbers that the reader gives.
INTEGERS = ('source_idx', 'is_issue', 'given_index', 'suggested_index')
#: Columns with a meaning of their own; a further column of numbers is a judge's score. True labels are not read here.
KNOWN = {
    *COLUMNS,
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
    """Read an ``issues.csv`` or ``samples.csv``, by the project's one reader of them.

    Args:
        path (str | Path): The file. Labels are names, or numbers as in files of earlier versions.
        classes (Sequence[str], optional): Names of the classes. Where None, ``<path>.meta.json`` names them, or else the
            file's own columns of names and numbers.

    Raises:
        ValueError: Not such a file, a value that is no number, or a label that is no class; the message says where.
    """
    reader = SamplesReader(path, classes=classes)
    blocks = list(reader.blocks())
    rows = [row for block in blocks for row in block.rows]
    cells = dict(zip(reader.fields, zip(*rows))) if rows else dict.fromkeys(reader.fields, ())
    numbers = {name: [value for block in blocks for value in block.numbers[name]] for name in INTEGERS}
    given, suggested = (_classes_of(numbers[f'{role}_index']) for role in ('given', 'suggested'))
    names = reader.classes or _names(cells, given, suggested)
    _check_classes(path, names, given, suggested, numbers['source_idx'])
    absent = ('',) * len(rows)
    samples = Samples(
        classes=names,
        paths=list(cells.get('path', absent)),
        source_idx=np.array(numbers['source_idx'], dtype=np.int64),
        given=given,
        suggested=suggested,
        score=np.array([value for block in blocks for value in block.numbers['score']], dtype=np.float64),
        suggested_score=_floats(path, 'suggested_score', cells.get('suggested_score', absent)),
        is_issue=np.array(numbers['is_issue'], dtype=bool),
        judges={
            name: column
            for name in reader.fields
            if name not in KNOWN and (column := _try_floats(cells[name])) is not None
        },
        duplicate_of=list(cells.get('duplicate_of', absent)),
    )
    return samples.take(np.argsort(samples.score, kind='stable'))


def _classes_of(numbers: Sequence[Optional[int]]) -> np.ndarray:
    """(N,) int64, -1 where there is none."""
    return np.array([-1 if number is None else number for number in numbers], dtype=np.int64)


def _names(cells: dict, given: np.ndarray, suggested: np.ndarray) -> List[str]:
    """Names of the classes by the columns that have them beside their numbers; a number where there is no name."""
    known: Dict[int, str] = {}
    for column, numbers in (('suggested_label', suggested), ('given_label', given)):
        known.update(zip(numbers.tolist(), cells.get(column, ())))
    return [known.get(number) or str(number) for number in range(max((-1, *known)) + 1)]


def _check_classes(path, names: List[str], given: np.ndarray, suggested: np.ndarray, source_idx: List[int]) -> None:
    for role, numbers in dict(given=given, suggested=suggested).items():
        wrong = np.flatnonzero(numbers >= len(names))
        if len(wrong):
            raise ValueError(
                f'{path}, source_idx {source_idx[wrong[0]]}: the {role} label {numbers[wrong[0]]} is none of the {len(names)} '
                'classes. The csv and the file that names the classes are of different data.'
            )


def _floats(path, name: str, cells: Sequence[str]) -> np.ndarray:
    values = _try_floats(cells)
    if values is None:
        bad = next(cell for cell in cells if _try_floats([cell]) is None)
        raise ValueError(f'{path}: {bad!r} in the column {name} is no number.')
    return values


def _try_floats(cells: Sequence[str]) -> Optional[np.ndarray]:
    """A column as (N,) float64, NaN where empty; None where it holds something else than numbers."""
    try:
        return np.array([cell or 'nan' for cell in cells], dtype=np.float64)
    except ValueError:
        return None
