"""Reading a ``samples.csv``, a block of lines at a time."""

import csv
import math
from itertools import islice
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence

from .label_formats import read_meta
from .labels import MAX_NUMBER, MAX_ROWS, read_label, short_repr

#: Columns that every such file has.
COLUMNS = ('source_idx', 'given_label', 'is_issue')
#: Columns with the numbers of the classes that a column of names says.
INDEX = dict(given_label='given_index', suggested_label='suggested_index', clean_label='clean_index')
#: Lines that are converted at once: so few that the garbage collector seldom meets them.
BLOCK = 2**9


class Block(NamedTuple):
    """Consecutive rows of a ``samples.csv``.

    Args:
        rows (list[list[str | None]]): The cells of B rows, as written; None where a line is too short.
        numbers (dict[str, list]): Name of a column -> B numbers: ``source_idx`` and ``is_issue`` (integers), ``score``
            (floats, NaN where empty) and those of the classes (integers, None where empty).
    """

    rows: List[list]
    numbers: Dict[str, list]


class Once(dict):
    """What a function gives for each text, computed once."""

    def __init__(self, read: Callable):
        super().__init__()
        self.read = read

    def __missing__(self, text):
        self[text] = found = self.read(text)
        return found


class SamplesReader:
    """The rows of a ``samples.csv``, as they are written and as numbers.

    Args:
        path (str | Path): The file.
        name (str, optional): What messages call it; the path where None.
        classes (Sequence[str], optional): Names of the classes; those of ``<path>.meta.json`` where None.

    Raises:
        ValueError: Not a samples.csv, or, while reading, a line with something else than numbers; the message names it.
    """

    def __init__(self, path, name: Optional[str] = None, classes: Optional[Sequence[str]] = None):
        self.path, self.name = Path(path), name or str(path)
        #: Names of the classes; empty where nothing names them.
        self.classes = list(map(str, classes or read_meta(path).get('classes') or ()))
        names = {label: number for number, label in reversed(list(enumerate(self.classes)))}
        with self._open() as file:
            self.fields = next(csv.reader(file), [])
        if not set(COLUMNS) <= set(self.fields):
            raise ValueError(f'{self.name} is no samples.csv: it needs the columns {", ".join(COLUMNS)}.')
        self._names = names
        self._flag, self._classes = Once(_flag), Once(self._class_of)
        # -1 says that nothing is suggested.
        self._numbers = Once(lambda text: -1 if text == '-1' else _number(text, MAX_NUMBER))

    def blocks(self) -> Iterator[Block]:
        """All rows, a block at a time."""
        with self._open() as file:
            reader = csv.reader(file)
            next(reader)
            done = 0
            while lines := list(islice(reader, BLOCK)):
                try:
                    yield self._convert(lines)
                except _BadRow as bad:
                    line = self._line(done + bad.row)
                    raise ValueError(f'{self.name}, line {line}: {bad.reason.rstrip(".")}.') from None
                done += len(lines)

    def _convert(self, lines: List[list]) -> Block:
        rows, width = [line for line in lines if line], len(self.fields)
        if any(len(row) != width for row in rows):
            rows = [self._fitted(lines, row) for row in rows]
        # Where a line is empty, rows are counted without it.
        places = [place for place, line in enumerate(lines) if line] if len(rows) < len(lines) else None
        cells = dict(zip(self.fields, zip(*rows))) if rows else {}
        absent = (None,) * len(rows)
        numbers = dict(
            source_idx=_column(_source_index, cells.get('source_idx', ()), places, _source_indices),
            is_issue=_column(self._flag.__getitem__, cells.get('is_issue', ()), places),
            score=_column(_score, cells.get('score', absent), places, _scores),
        )
        for label, index in INDEX.items():
            if label in self.fields or label == 'suggested_label':
                own, name = cells.get(index, absent), cells.get(label, absent)
                if all(own):
                    numbers[index] = _column(self._numbers.__getitem__, own, places)
                else:
                    numbers[index] = _column(self._classes.__getitem__, tuple(zip(own, name)), places)
        _column(_given, numbers['given_index'], places, _all_given)
        return Block(rows, numbers)

    def _class_of(self, cells: tuple) -> Optional[int]:
        """Number of a class: of its own column where the file has one, else of its name, or what the column of names holds."""
        number, name = cells
        if number:
            return self._numbers[number]
        return self._names[name] if name in self._names else self._numbers[name] if name else None

    def _fitted(self, lines: List[list], row: list) -> list:
        if len(row) > len(self.fields):
            raise _BadRow(lines.index(row), f'it has {len(row)} cells, the header has {len(self.fields)}')
        return row + [None] * (len(self.fields) - len(row))

    def _line(self, number: int) -> int:
        """The line on which a row ends, counted as :meth:`blocks` counts rows."""
        with self._open() as file:
            reader = csv.reader(file)
            for _ in islice(reader, number + 2):
                pass
            return reader.line_num

    def _open(self):
        return self.path.open(newline='', encoding='utf-8', errors='surrogateescape')


class _BadRow(Exception):
    """A row of a block that cannot be read, and why."""

    def __init__(self, row: int, reason: str):
        super().__init__(reason)
        self.row, self.reason = row, reason


def _column(read: Callable, cells: Sequence, places: Optional[List[int]], whole: Optional[Callable] = None) -> list:
    """What ``read`` gives for each cell, and ``whole`` for all of them where it can; it gives None where it cannot."""
    found = whole(cells) if whole else None
    if found is not None:
        return found
    try:
        return [read(cell) for cell in cells]
    except ValueError:
        raise _first_bad(read, cells, places) from None


def _first_bad(read: Callable, cells: Sequence, places: Optional[List[int]]) -> _BadRow:
    for row, cell in enumerate(cells):
        try:
            read(cell)
        except ValueError as error:
            return _BadRow(places[row] if places else row, str(error))
    raise AssertionError('every cell can be read')


def _number(text: Optional[str], largest: int) -> int:
    number = read_label(text, largest)
    if isinstance(number, str):
        raise ValueError(f'{short_repr(text)} is no whole number from 0, and no class of the file')
    return number


def _source_index(text: Optional[str]) -> int:
    try:
        return _number(text, MAX_ROWS)
    except ValueError as error:
        raise ValueError(f'source_idx {error}') from None


def _source_indices(cells: Sequence[str]) -> Optional[List[int]]:
    """Of a whole column that holds nothing but digits: ten times as fast as one by one."""
    if None in cells or '' in cells:
        return None
    text = ''.join(cells)
    plain = text.isascii() and text.isdigit() and max(map(len, cells)) < len(str(MAX_ROWS))
    return list(map(int, cells)) if plain else None


def _flag(text: Optional[str]) -> int:
    number = read_label(text, MAX_NUMBER) if text else text
    if number not in (0, 1):
        raise ValueError(f'is_issue must be 0 or 1, not {short_repr(text)}')
    return int(number)


def _given(number: Optional[int]) -> int:
    if number is None:
        raise ValueError('the given label is empty')
    if number < 0:
        raise ValueError(f'the given label {number} is negative; numbers of classes count from 0')
    return number


def _all_given(numbers: Sequence[Optional[int]]) -> Optional[Sequence]:
    return None if None in numbers or -1 in numbers else numbers


def _score(text: Optional[str]) -> float:
    if not text:
        return math.nan
    found = _scores([text])
    if found is None:
        raise ValueError(f'score must be a number in [0, 1], not {short_repr(text)}')
    return found[0]


def _scores(cells: Sequence[str]) -> Optional[List[float]]:
    """Of a whole column without empty cells; None where that is not all of numbers in [0, 1] (or NaN)."""
    if not cells or cells[0] is None or '' in cells:
        return None
    text = ''.join(cells)
    # float() takes other digits and underscores too.
    if not text.isascii() or '_' in text:
        return None
    try:
        scores = list(map(float, cells))
    except ValueError:
        return None
    return None if any(score < 0 or score > 1 for score in scores) else scores
