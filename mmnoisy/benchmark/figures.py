"""What a suite's results say of each method and noise: means, and the status of each cell."""

from typing import Dict, List, NamedTuple, Optional

from ..evaluation.results_file import ACCURACIES, DETECTION, value
from .statistics import Mean, Values, mean_std
from .store import Store

#: Figures of a cell, as in ``results.json``.
METRICS = [*ACCURACIES, 'balanced_accuracy', 'worst_class_recall', *DETECTION]


class Figures(NamedTuple):
    """A method under a noise.

    Args:
        method, noise (str): Their keys in the suite.
        means (dict[str, Mean]): By metric, over the seeds that ran; those that were not measured are left out.
        seconds (Mean, optional): Of training.
        seeds (int): Seeds of the suite.
        failed (int): Runs that failed.
        status (str): ``reproduced``, ``ran``, ``ran, below CE``, ``failed`` or ``not run``.
    """

    method: str
    noise: str
    means: Dict[str, Mean]
    seconds: Optional[Mean]
    seeds: int
    failed: int
    status: str


def values_of(store: Store, metric: str = 'last') -> Values:
    """A metric of all finished runs."""
    found = {(cell.method, cell.noise, cell.seed): cell.key for cell in store.suite.cells}
    results = store.results()
    measured = {place: value(results[key], metric) for place, key in found.items() if key in results}
    return {place: figure for place, figure in measured.items() if figure is not None}


def all_figures(store: Store) -> List[Figures]:
    """Every method and noise of the suite, in its order."""
    suite, results = store.suite, store.results()
    found = []
    for method in suite.methods:
        for noise in suite.noises:
            if not suite.runs_under(method, noise):
                continue
            cells = [cell for cell in suite.cells if (cell.method, cell.noise) == (method, noise)]
            runs = [results[cell.key] for cell in cells if cell.key in results]
            means = {metric: mean_std([value(run, metric) for run in runs]) for metric in METRICS}
            seconds = mean_std([run['seconds']['train'] for run in runs])
            failed = sum(store.state(cell) == 'failed' for cell in cells)
            known = {metric: mean for metric, mean in means.items() if mean}
            found.append(Figures(method, noise, known, seconds, len(cells), failed, ''))
    plain = {entry.noise: entry.means.get('last') for entry in found if entry.method == suite.by_role('ce')}
    return [
        entry._replace(status=_status(entry, suite.methods[entry.method], plain.get(entry.noise))) for entry in found
    ]


def _status(entry: Figures, method: dict, plain: Optional[Mean]) -> str:
    last = entry.means.get('last')
    if last is None:
        return 'failed' if entry.failed else 'not run'
    published = method.get('published', {}).get(entry.noise)
    part = '' if last.n == entry.seeds else f' ({last.n} of {entry.seeds} seeds)'
    if published and abs(last.mean - published['value']) <= published['std']:
        return f'reproduced{part}: {published["protocol"]}'
    return ('ran, below CE' if plain and last.mean < plain.mean else 'ran') + part
