"""Which page a folder gets: of an audit, of a run, of the runs that ``--method auto`` compared, or of a search."""

import shlex
from pathlib import Path
from typing import Callable, List, Optional, Sequence, Union

from .run_folder import auto_runs, trained_inside

#: What a page can be made of.
_TOLD = ('issues.csv', 'samples.csv', 'history.csv')


def write_page(
    sources: Union[str, Path, Sequence[Union[str, Path]]], out=None, say: Callable[[str], None] = lambda line: None
) -> Path:
    """Write one page about a folder, or one that compares several.

    Args:
        sources (str | Path | Sequence[str | Path]): Folders of audits, runs or searches. A search alone gets the page of
            its trials; beside others it is represented by the run of its winner on all data.
        out (str | Path, optional): The page, or a folder for ``report.html``; in the folder of a single source where None.
        say (Callable): Takes a line about what the page is of, where the folder holds more than one thing.

    Returns:
        Path: The file.

    Raises:
        ImportError: Jinja2 or Plotly is missing.
        FileNotFoundError, ValueError: Nothing that a page could be made of; the message says what to do.
    """
    from ..report import write_report
    from ..search.about import is_search

    folders = [Path(source) for source in ([sources] if isinstance(sources, (str, Path)) else sources)]
    if len(folders) == 1 and is_search(folders[0]):
        return _page_of_search(folders[0], out, say)
    if len(folders) == 1 and out is None:
        out = folders[0]
    if len(folders) == 1 and auto_runs(folders[0]):
        say(f'The page compares the runs in {folders[0]}.')
    return write_report([run for folder in folders for run in _runs(folder, say)], out)


def _page_of_search(folder: Path, out, say) -> Path:
    from ..search.summary_page import page_of

    run = _told_inside(folder)
    more = (
        '' if run is None else f' The run of its winner on all data has one too: mmnoisy report {shlex.quote(str(run))}'
    )
    say(f'The page is about the trials of the search in {folder}.{more}')
    out = folder if out is None else Path(out)
    return page_of(folder, out / 'report.html' if out.is_dir() else out)


def _runs(folder: Path, say) -> List[Path]:
    """Folders that a page of ``folder`` is made of."""
    if auto_runs(folder):
        return auto_runs(folder)
    run = _told_inside(folder)
    if run not in (None, folder):
        say(f'Of {folder} the page shows the run {run.relative_to(folder)}.')
    return [run or folder]


def _told_inside(folder: Path) -> Optional[Path]:
    """The folder, or what it trained: the first that has something to make a page of; None where nothing has."""
    inside: Optional[Path] = folder
    while inside is not None and not any((inside / name).is_file() for name in _TOLD):
        inside = trained_inside(inside)
    return inside
