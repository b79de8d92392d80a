"""The formats of tables: csv, JSON lines, parquet."""

import csv
import io
import json
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence

SEPARATORS = (',', ';', '\t', '|')
MAX_CELL = 4096


class Table(NamedTuple):
    """What :func:`read_table` read.

    Args:
        name (str): What messages call the file.
        columns (dict[str, list]): Cells by name: text without outer blanks, or what JSON or parquet holds.
        lines (Sequence[int]): Line of each row, from 1.
        how (str): How it was read, in words.
    """

    name: str
    columns: Dict[str, list]
    lines: Sequence[int]
    how: str

    def where(self, row: int, column: str) -> str:
        """Beginning of a message about a cell."""
        return f'{self.name}, line {self.lines[row]}: {column}'


def plain_name(name: str) -> str:
    """A column's name in lower case, with underscores."""
    return name.lower().replace(' ', '_').replace('-', '_')


def find_separator(path: Path, text: str) -> str:
    """The separator that splits the first line most often; a tab where a ``.tsv`` has one column."""
    first = next(line for line in text.splitlines() if line.strip())
    return max(('\t', *SEPARATORS) if path.suffix == '.tsv' else SEPARATORS, key=first.count)


def read_csv(name: str, text: str, sep: str, encoding: str) -> Table:
    """Rows of a csv text below its header."""
    reader = csv.reader(io.StringIO(text, newline=''), delimiter=sep, strict=True)
    header, rows, lines, line = None, [], [], 1
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if any(cells):
                if header is None:
                    header = _header(name, line, cells)
                else:
                    rows.append(_row(name, line, cells, len(header)))
                    lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        long = 'limit' in str(error)
        raise ValueError(
            f'{name}, line {line}: '
            + ('a cell is too long; is a quote missing?' if long else f'a quoted cell is damaged ({error}).')
        ) from None
    columns = zip(*rows) if rows else ((),) * len(header or ())
    return Table(name, dict(zip(header, map(list, columns))), lines, f'separator {sep!r}, {encoding}')


def _header(name: str, line: int, cells: List[str]) -> List[str]:
    while not cells[-1]:
        cells.pop()
    _unique(f'{name}, line {line}', cells)
    return cells


def _row(name: str, line: int, cells: List[str], width: int) -> List[str]:
    if any(cells[width:]):
        raise ValueError(
            f'{name}, line {line}: there are {len(cells)} cells, but the header names {width} columns. Put a path that '
            'holds the separator in quotes.'
        )
    for cell in cells:
        if '\n' in cell or '\r' in cell:
            raise ValueError(f'{name}, line {line}: a quoted cell holds a line break; is a quote missing?')
        if len(cell) > MAX_CELL:
            raise ValueError(f'{name}, line {line}: a cell is too long ({len(cell)} characters).')
    return cells[:width] + [''] * (width - len(cells))


def _unique(where: str, names: Sequence[str]) -> None:
    seen = set()
    for name in names:
        if plain_name(name) in seen:
            raise ValueError(f'{where}: there is a column {name!r} twice.')
        seen.add(plain_name(name))


def read_jsonl(name: str, text: str, encoding: str) -> Table:
    """One JSON object a line."""
    rows, lines = [], []
    for number, line in enumerate(text.split('\n'), 1):
        if line.strip():
            rows.append(_json_row(f'{name}, line {number}', line))
            lines.append(number)
    keys = dict.fromkeys(key for row in rows for key in row)
    return Table(name, {key: [row.get(key) for row in rows] for key in keys}, lines, f'JSON lines, {encoding}')


def _json_row(where: str, line: str) -> dict:
    def pairs(items):
        _unique(where, [name for name, _ in items])
        return dict(items)

    try:
        row = json.loads(line, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        raise ValueError(f'{where}: this is not JSON ({error}).') from None
    except RecursionError:
        raise ValueError(f'{where}: the JSON is nested too deeply.') from None
    except ValueError as error:
        raise error if str(error).startswith(where) else ValueError(f'{where}: {error}') from None
    if not isinstance(row, dict):
        raise ValueError(f'{where}: a JSON object such as {{"path": "a.png", "label": "cat"}} is needed.')
    return {name: value.strip() if isinstance(value, str) else value for name, value in row.items()}


def read_parquet(path: Path, name: str) -> Table:
    """A parquet file, by pandas."""
    try:
        import pandas

        frame = pandas.read_parquet(path)
    except ImportError:
        raise ImportError(f'{name}: to read parquet, `pip install pandas pyarrow`, or save the table as csv.') from None
    except Exception as error:  # pyarrow raises its own errors.
        raise ValueError(f'{name} is not a parquet file that can be read ({str(error).splitlines()[0]}).') from None
    _unique(name, list(map(str, frame.columns)))
    columns = {str(key): [None if _missing(cell) else cell for cell in frame[key].tolist()] for key in frame.columns}
    return Table(name, columns, range(1, len(frame) + 1), 'parquet')


def _missing(cell) -> bool:
    return cell is None or (isinstance(cell, float) and cell != cell)
