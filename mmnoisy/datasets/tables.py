"""Tables of a few columns in the formats of the field, with the line of each row: csv, tsv, jsonl, parquet."""

from pathlib import Path
from typing import Optional

from .table_formats import Table, find_separator, plain_name, read_csv, read_jsonl, read_parquet
from .text_file import check_file, decode_text

#: What columns are usually called, in lower case; the first name of a row is our own.
USUAL_NAMES = {
    'path': 'path file filename file_name filepath file_path image image_path img img_path image_file images'.split(),
    'label': 'label labels class class_name classname category target given_label gt_label y'.split(),
    'clean_label': ['clean_label'],
    'split': 'split subset partition'.split(),
}
SUFFIXES = ('.csv', '.tsv', '.txt', '.jsonl', '.ndjson', '.parquet')


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
    if path.suffix.lower() == '.parquet':
        table = read_parquet(path, name)
    else:
        text, encoding = decode_text(name, path.read_bytes(), encoding)
        if not text.strip():
            raise ValueError(f'{name} is empty.')
        if path.suffix.lower() in ('.jsonl', '.ndjson'):
            table = read_jsonl(name, text, encoding)
        else:
            table = read_csv(name, text, sep or find_separator(path, text), encoding)
    if not table.lines:
        raise ValueError(f'{name} has no rows.')
    return table


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
    found = [name for name in table.columns if plain_name(name) in usual]
    own = [name for name in found if plain_name(name) == usual[0]]
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
