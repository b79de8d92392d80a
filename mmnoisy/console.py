"""What the command prints: a console of rich, and mmengine's log kept off it."""

import re
import sys
from contextlib import contextmanager, redirect_stdout
from typing import Iterable, Sequence, Tuple

_LOG_LINE = re.compile(
    r'^(?:\x1b\[[0-9;]*m)?\d\d/\d\d \d\d:\d\d:\d\d - (?:\x1b\[[0-9;]*m)?\S+(?:\x1b\[[0-9;]*m)* - '
    r'(?:\x1b\[[0-9;]*m)*(?P<level>[A-Z]+)(?:\x1b\[[0-9;]*m)* - (?P<text>.*)',
    re.S,
)
#: What mmengine says about its own code, or prints where it knows no log.
_OF_UPSTREAM = re.compile('will be deprecated|^Loads checkpoint by')
_console = None


def console():
    """The console of this command; it goes on writing to the standard output of the time when it was made."""
    global _console
    if _console is None:
        from rich.console import Console

        # Without a terminal, rich would break lines after 80 characters.
        width = None if sys.stdout.isatty() else 160
        _console = Console(file=sys.stdout, width=width, highlight=False, soft_wrap=True, markup=False, emoji=False)
    return _console


def forget_console() -> None:
    """Another command begins, with a standard output of its own."""
    global _console
    _console = None


def header(rows: Iterable[Tuple[str, object]]) -> None:
    """Print lines of a name and a value; empty values are left out."""
    for name, value in rows:
        if value not in (None, ''):
            console().print(f'{name:<9} {value}')


def table(columns: Sequence[str], rows: Iterable[Sequence]) -> None:
    """Print a table, numbers to the right."""
    from rich import box
    from rich.table import Table

    rows = [[_cell(value) for value in row] for row in rows]
    found = Table(box=box.SIMPLE, pad_edge=False)
    for number, name in enumerate(columns):
        right = all(re.fullmatch(r'-|[\d.,]+ ?%?', row[number]) for row in rows)
        found.add_column(name, justify='right' if right else 'left', no_wrap=True)
    for row in rows:
        found.add_row(*row)
    console().print(found)


def _cell(value) -> str:
    return '-' if value is None else f'{value:.1f}' if isinstance(value, float) else str(value)


class _WithoutLog:
    """A stream that leaves out mmengine's log lines, except for warnings and errors, which keep their text alone."""

    encoding = 'utf-8'

    def write(self, text: str) -> int:
        line = _LOG_LINE.match(text)
        if line is None:
            if text.strip() and not _OF_UPSTREAM.search(text):
                console().print(text.rstrip('\n'))
        elif line['level'] in ('WARNING', 'ERROR', 'CRITICAL') and not _OF_UPSTREAM.search(line['text']):
            console().print(f'{line["level"].capitalize()}: {line["text"].strip()}')
        return len(text)

    def flush(self) -> None:
        console().file.flush()

    def isatty(self) -> bool:
        return False


@contextmanager
def without_log(verbose: bool = False):
    """Keep mmengine's log in its file, unless ``verbose``."""
    console()
    if verbose:
        yield
        return
    with redirect_stdout(_WithoutLog()):
        yield
