"""From results of runs to what the repository shows: each method's ``results.json``, tables, and a page with a picture."""

from pathlib import Path
from typing import Dict, List

from ..evaluation.results_file import ACCURACIES, OTHERS, add_run, read_results, write_results
from ..evaluation.tables import write_tables
from ..files import write_text
from .choice import choice_page, choices, draw_choices
from .fold_choice import fold_choices
from .fold_page import draw_fold_choices, fold_page
from .page import csv_text, page
from .picture import draw
from .store import Store

PAGES = Path('docs', 'benchmarks')


def collect(store: Store, root) -> str:
    """Write everything that shows the results of a suite; nothing else writes figures of a benchmark.

    Args:
        store (Store): The suite with its output.
        root (str | Path): The repository.

    Returns:
        str: What was written.

    Raises:
        SystemExit: No run has a result, or ``root`` is not the repository of the suite's configs.
    """
    root = Path(root)
    results = store.results()
    if not results:
        raise SystemExit(f'No run of {store.suite.name} has a result in {store.out}: nothing is written.')
    folder, name = root / PAGES, store.suite.name
    if store.suite.folds > 1:
        return _collect_folds(store, folder)
    written = write_runs(store, results, root)
    drawn = draw(store, folder / f'{name}.png')
    write_text(folder / f'{name}.csv', csv_text(store))
    write_text(folder / f'{name}.md', page(store, f'{name}.png' if drawn else None))
    written += [str(PAGES / f'{name}.{ending}') for ending in ('md', 'csv', *(['png'] if drawn else []))]
    chosen = choices(store)
    if chosen:
        draw_choices(chosen, folder / f'{name}-choice.png')
        folds = f'{name}_folds-choice.md'
        known = folds if (folder / folds).is_file() else None
        write_text(folder / f'{name}-choice.md', choice_page(store, chosen, f'{name}-choice.png', known))
        written += [str(PAGES / f'{name}-choice.{ending}') for ending in ('md', 'png')]
    written += write_tables(root)
    return f'{len(results)} of {len(store.suite.cells)} runs. Written: {", ".join(dict.fromkeys(written))}.'


def _collect_folds(store: Store, folder: Path) -> str:
    """The page of a suite with folds, whose runs belong to no table."""
    name, found = f'{store.suite.name}-choice', fold_choices(store)
    if not found:
        raise SystemExit(f'{store.suite.name}: no noise has three methods with all folds yet, so there is no page.')
    draw_fold_choices(found, folder / f'{name}.png')
    write_text(folder / f'{name}.md', fold_page(store, found, f'{name}.png'))
    return f'{len(store.results())} of {len(store.suite.cells)} runs. Written: {PAGES / name}.md, {PAGES / name}.png.'


def write_runs(store: Store, results: Dict[str, dict], root: Path) -> List[str]:
    """Put the runs into ``configs/<method>/results.json``; returns the names of these files."""
    entries: Dict[str, List[dict]] = {}
    for cell in store.suite.cells:
        if cell.key in results:
            folder, _, config = cell.config.rpartition('/')
            entries.setdefault(folder, []).append(results_entry(results[cell.key], config))
    written = []
    for folder, runs in entries.items():
        path = root / 'configs' / folder / 'results.json'
        if not path.is_file():
            raise SystemExit(f'{path} does not exist: --root has to be the repository of the suite.')
        content = read_results(path)
        for run in runs:
            add_run(content, run)
        write_results(content, path)
        written.append(f'configs/{folder}/results.json')
    return written


def results_entry(result: dict, config: str) -> dict:
    """A run as ``results.json`` has it, with the decimals that mean something."""
    entry = dict(config=config, **result['seeds'], commit=result['commit'], device=result['device'])
    if result['noise_entry'] is not None:
        entry['noise'] = result['noise_entry']
    entry['seconds'] = _rounded(result['seconds']['train'], 1)
    entry.update({metric: _rounded(result.get(metric), 2) for metric in ACCURACIES})
    entry.update({metric: _rounded(result[metric], 2) for metric in OTHERS if result.get(metric) is not None})
    detection = {key: _rounded(value, 4) for key, value in (result.get('detection') or {}).items()}
    entry['detection'] = detection or None
    return entry


def _rounded(value, decimals: int):
    return None if value is None else round(value, decimals)
