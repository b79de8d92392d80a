"""Tables of a few columns in the formats of the field, with the line of each row: csv, tsv, jsonl, parquet."""

import csv
import io
import json
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

#: What columns are usually called, in lower case; the first name of a row is our own.
USUAL_NAMES = {
    'path': 'path file filename file_name filepath file_path image image_path img img_path image_file images'.split(),
    'label': 'label labels class class_name classname category target given_label gt_label y'.split(),
    'clean_label': ['clean_label'],
    'split': 'split subset partition set'.split(),
}
SUFFIXES = ('.csv', '.tsv', '.txt', '.jsonl', '.ndjson', '.parquet')
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


def read_table(path, sep: Optional[str] = None, encoding: Optional[str] = None, what: str = '') -> Table:
    """Read a table whose first line names the columns (csv, tsv), or whose rows do (jsonl, parquet).

    Args:
        path (str | Path): ``.jsonl`` and ``.parquet`` (with pandas and pyarrow) by their suffix; all else is csv.
        sep (str, optional): Separator of a csv. None: that of ``, ; tab |`` which splits the first line most often.
        encoding (str, optional): None: UTF-8, or what a byte order mark says.
        what (str): What messages call it, such as ``'label file '``.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Anything else that keeps it from being read; the message names the file, the line, and the option
            that helps.
        ImportError: A parquet file, and pandas or pyarrow are not installed.
    """
    path = Path(path)
    check_file(path, what)
    name = f'{what}{path}'
    if sep is not None and (not isinstance(sep, str) or len(sep) != 1 or sep in '"\r\n'):
        raise ValueError(f"{name}: sep must be one character such as ';' or '\\t', not {sep!r}.")
    if path.suffix == '.parquet':
        table = _read_parquet(path, name)
    else:
        text, encoding = _decode(name, path.read_bytes(), encoding)
        if not text.strip():
            raise ValueError(f'{name} is empty.')
        if path.suffix in ('.jsonl', '.ndjson'):
            table = _read_jsonl(name, text, encoding)
        else:
            table = _read_csv(name, text, sep or _separator(path, text), encoding)
    if not table.lines:
        raise ValueError(f'{name} has no rows.')
    return table


def check_file(path: Path, what: str = '') -> None:
    """Refuse a path that is not a file.

    Args:
        path (Path): The path.
        what (str): What messages call it, such as ``'label file '``.

    Raises:
        FileNotFoundError: It does not exist.
        ValueError: It is a folder, a pipe or another thing that cannot be read to an end.
    """
    if not path.exists():
        raise FileNotFoundError(f'{what}{path} does not exist.')
    if path.is_dir():
        raise ValueError(f'{what}{path} is a folder, not a file.')
    if not path.is_file():
        raise ValueError(f'{what}{path} is no ordinary file.')


def pick_column(
    table: Table, role: str, wanted: Optional[str] = None, required: bool = True, option: str = 'columns='
) -> Optional[str]:
    """Name of the column with a role.

    Args:
        table (Table): The table.
        role (str): A key of :data:`USUAL_NAMES`.
        wanted (str, optional): Its name, as the user gave it.
        required (bool): Whether a table without it is refused. Defaults to True.
        option (str): How messages call the option that names it.

    Raises:
        ValueError: No such column, or several that may be meant.
    """
    header = ','.join(table.columns)
    if wanted is not None:
        if wanted not in table.columns:
            raise ValueError(f'{table.name}: there is no column {wanted!r} ({option}); its columns are {header}.')
        return wanted
    usual = USUAL_NAMES[role]
    found = [name for name in table.columns if _plain(name) in usual]
    own = [name for name in found if _plain(name) == usual[0]]
    if len(own or found) == 1:
        return (own or found)[0]
    if found:
        raise ValueError(
            f'{table.name}: the columns {", ".join(found)} may all be the {role}: choose one with {option}.'
        )
    if required:
        raise ValueError(
            f'{table.name}, line {max(1, table.lines[0] - 1)}: the header {header!r} ({table.how}) has no column '
            f'{role}. It must be a header such as path,label: name the column with {option}, the separator with sep=.'
        )
    return None


def filled(table: Table, column: str) -> list:
    """Cells of a column none of which may be empty.

    Raises:
        ValueError: An empty cell; the message names the line.
    """
    cells = table.columns[column]
    for row, cell in enumerate(cells):
        if cell is None or cell == '':
            raise ValueError(f'{table.where(row, "the column")} {column} is empty.')
    return cells


def _plain(name: str) -> str:
    return name.lower().replace(' ', '_').replace('-', '_')


def _decode(name: str, data: bytes, encoding: Optional[str]) -> Tuple[str, str]:
    marks = ((b'\xef\xbb\xbf', 'utf-8-sig'), (b'\xff\xfe', 'utf-16'), (b'\xfe\xff', 'utf-16'))
    found = next((name for mark, name in marks if data.startswith(mark)), None)
    given = encoding
    encoding = encoding or found or 'utf-8'
    if not found and not given and b'\0' in data[:4096]:
        even, odd = data[:4096:2].count(0), data[1:4096:2].count(0)
        if min(even, odd) == 0 and max(even, odd) > len(data[:4096]) // 4:
            guess = 'utf-16-be' if even else 'utf-16-le'
            raise ValueError(f'{name} looks like UTF-16 without its mark: set encoding={guess!r}, or save it as UTF-8.')
        raise ValueError(f'{name} is no text file (it holds zero bytes): save the table as csv, in UTF-8.')
    try:
        text = data.decode(encoding)
    except LookupError:
        raise ValueError(f'{name}: encoding {encoding!r} is unknown; usual ones are utf-8, utf-16, latin-1.') from None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b'\n') + 1
        hint = (
            "set encoding='latin-1' (Western) or 'cp1252' (Windows)"
            if encoding.startswith('utf-8')
            else 'set another encoding='
        )
        raise ValueError(f'{name}, line {line}: this is not {encoding} text: {hint}, or save it as UTF-8.') from None
    except UnicodeError as error:
        raise ValueError(f'{name}: this is not {encoding} text ({error}): set another encoding=.') from None
    if '\0' in text:
        raise ValueError(f'{name} is no text file (it holds zero bytes): save the table as csv, in UTF-8.')
    return text, encoding


def _separator(path: Path, text: str) -> str:
    first = next(line for line in text.splitlines() if line.strip())
    return max(('\t', *SEPARATORS) if path.suffix == '.tsv' else SEPARATORS, key=first.count)


def _read_csv(name: str, text: str, sep: str, encoding: str) -> Table:
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
        if _plain(name) in seen:
            raise ValueError(f'{where}: there is a column {name!r} twice.')
        seen.add(_plain(name))


def _read_jsonl(name: str, text: str, encoding: str) -> Table:
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


def _read_parquet(path: Path, name: str) -> Table:
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
