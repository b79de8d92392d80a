"""A suite's tables as Markdown and csv."""

import csv
import io
from typing import List, Optional

from ..evaluation.results_file import DETECTION, METRICS, OTHERS
from .figures import METRICS as SHOWN
from .figures import Figures, all_figures, values_of
from .run_cell import read_failure
from .statistics import Mean, average_ranks, pairs, regrets
from .store import Store

CSV_HEAD = [
    'method',
    'title',
    'noise',
    'status',
    'seeds',
    *(f'{metric}_{part}' for metric in SHOWN for part in ('mean', 'std')),
]


def mean_text(mean: Optional[Mean], metric: str = 'last', seeds: int = 0) -> str:
    """``66.4 ± 0.3``; the number of seeds where it is not all of them."""
    if mean is None:
        return ''
    _, decimals, scale = METRICS[metric]
    text = f'{scale * mean.mean:.{decimals}f}'
    text += '' if mean.std is None else f' ± {scale * mean.std:.{decimals}f}'
    return text if not seeds or mean.n == seeds else f'{text} (n = {mean.n})'


def error_text(mean: float, error: Optional[float], decimals: int) -> str:
    """``0.66 ± 0.02``, with a standard error."""
    return f'{mean:.{decimals}f}' + ('' if error is None else f' ± {error:.{decimals}f}')


def csv_text(store: Store) -> str:
    """One line a method and noise."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator='\n')
    writer.writerow([*CSV_HEAD, 'train_seconds'])
    for entry in all_figures(store):
        ran = entry.means['last'].n if 'last' in entry.means else 0
        numbers = []
        for metric in SHOWN:
            mean = entry.means.get(metric)
            numbers += ['', ''] if mean is None else [_number(mean.mean), _number(mean.std)]
        seconds = '' if entry.seconds is None else f'{entry.seconds.mean:.1f}'
        title = _title(store.suite, entry.method)
        writer.writerow([entry.method, title, entry.noise, entry.status, ran, *numbers, seconds])
    return file.getvalue()


def page(store: Store, picture: Optional[str]) -> str:
    """The page of ``docs/``, with the name of its picture."""
    suite, figures = store.suite, all_figures(store)
    done = len(store.results())
    parts = [
        '---\norphan: true\n---',
        f'# {suite.title}',
        *([suite.note.strip()] if suite.note else []),
        f'{done} of {len(suite.cells)} runs are finished. Seeds: {", ".join(map(str, suite.seeds))}, each that of the noise, the '
        'split, the initialisation and the order. Test data choose nothing: *last* is the last epoch, *best on noisy validation* the '
        'epoch that held-out noisy labels choose, and the *oracle best* looks at the test set and is no result. '
        'Mean ± standard deviation over seeds, in percent.',
        _accuracies(store, figures),
        *([f'![Accuracy by method and noise, and against the time of training]({picture})'] if picture else []),
        _compared(store),
        _selection(suite, figures),
        _others(suite, figures),
        _statuses(suite, figures),
        _failures(store),
        _made_with(store),
    ]
    return '\n\n'.join(part for part in parts if part) + '\n'


def _title(suite, method: str) -> str:
    return suite.methods[method].get('title', method)


def table(head: List[str], rows: List[List[str]]) -> str:
    """A table in Markdown."""
    lines = ['| ' + ' | '.join(head) + ' |', '| --- ' * len(head) + '|']
    return '\n'.join(lines + ['| ' + ' | '.join(row) + ' |' for row in rows])


def _by_noise(suite, figures: List[Figures], cell) -> str:
    """A table of methods and noises; a method of which nothing is known has no row."""
    found = {(entry.method, entry.noise): cell(entry) for entry in figures}
    rows = [[_title(suite, m), *(found.get((m, n), '') for n in suite.noises)] for m in suite.methods]
    return table(['method', *suite.noises], [row for row in rows if any(row[1:])])


def _accuracies(store: Store, figures: List[Figures]) -> str:
    def cell(entry):
        return mean_text(entry.means.get('last'), 'last', entry.seeds) or entry.status

    return f'## Test accuracy at the last epoch\n\n{_by_noise(store.suite, figures, cell)}'


def _compared(store: Store) -> str:
    suite, values = store.suite, values_of(store)
    plain, ceiling = suite.by_role('ce'), suite.by_role('ceiling')
    methods = [method for method in suite.methods if method != ceiling and any(key[0] == method for key in values)]
    if not methods:
        return ''
    ranks, lost = average_ranks(values, methods, plain), regrets(values, methods)
    rows = []
    for method in sorted(methods, key=lambda method: (ranks.ranks.get(method, 99), method)):
        against = pairs(values, method, plain) if method != plain else None
        row = [_title(suite, method), f'{ranks.ranks[method]:.2f}' if method in ranks.ranks else '']
        row += [f'{lost[method].mean:.1f}', f'{lost[method].worst:.1f}', str(lost[method].settings)]
        rows.append(row + (_against(against) if against else ['', '', '', '']))
    head = ['method', 'average rank', 'mean regret', 'worst regret', 'noises', 'against CE', '95 %', 'better in', 'p']
    text = (
        f'Ranks (1 is best) are over {ranks.blocks} pairs of noise and seed; a method that lacks one of them has none. Regret '
        'is what is lost to the best method of a noise. The difference to CE is paired by noise and seed; p is of '
        "Wilcoxon's signed-rank test."
    )
    if ranks.p is not None:
        text += f" Friedman's test that the ranked methods are alike: p = {ranks.p:.2g}."
    return f'## Compared\n\n{text}\n\n{table(head, rows)}'


def _against(found) -> List[str]:
    interval = '' if found.low is None else f'{found.low:+.1f} to {found.high:+.1f}'
    return [f'{found.mean:+.1f}', interval, f'{found.wins} of {found.n}', '' if found.p is None else f'{found.p:.2g}']


def _selection(suite, figures: List[Figures]) -> str:
    def cell(entry):
        texts = [mean_text(entry.means.get(metric), metric) for metric in ('at_best_val', 'oracle_best')]
        return ' / '.join(texts) if all(texts) else ''

    return f'## Best epoch on noisy validation / oracle best\n\n{_by_noise(suite, figures, cell)}'


def _others(suite, figures: List[Figures]) -> str:
    metrics = [m for m in (*OTHERS, *DETECTION) if any(m in entry.means for entry in figures)]
    rows = [
        [_title(suite, e.method), e.noise, *(mean_text(e.means.get(m), m) for m in metrics), _seconds(e)]
        for e in figures
        if e.means
    ]
    if not rows:
        return ''
    head = ['method', 'noise', *(METRICS[metric].title for metric in metrics), 'seconds of training']
    text = 'Figures of the test set in percent; those of the training samples (AUC and so on) at the last epoch, in [0, 1].'
    return f'## Other figures\n\n{text}\n\n{table(head, rows)}'


def _seconds(entry: Figures) -> str:
    return '' if entry.seconds is None else f'{entry.seconds.mean:.1f}'


def _statuses(suite, figures: List[Figures]) -> str:
    return f'## Status\n\n{_by_noise(suite, figures, lambda entry: entry.status)}'


def _failures(store: Store) -> str:
    lines = []
    for cell in store.suite.cells:
        if store.state(cell) == 'failed':
            error = (read_failure(store.folder(cell)) or {}).get('error', 'unknown').splitlines()[0]
            lines.append(f'- {cell.name}: `{error}`')
    return '## Failures\n\n' + '\n'.join(lines) if lines else ''


def _made_with(store: Store) -> str:
    results = store.results().values()
    lines = []
    for title, values in (
        ('Commits', {result['commit'] or 'unknown' for result in results}),
        ('Devices', {result['device'] for result in results}),
        ('Versions', {', '.join(f'{k} {v}' for k, v in result['versions'].items()) for result in results}),
        ('Data', {f'{name} ({identity})' for name, identity in store.identities.items() if identity}),
    ):
        if values:
            lines.append(f'- {title}: {"; ".join(sorted(values))}.')
    text = 'Seconds are those of the clock: whatever else ran on the machine is in them.'
    return f'## Made with\n\n{text}\n\n' + '\n'.join(lines) if lines else ''


def _number(value: Optional[float]) -> str:
    return '' if value is None else f'{value:.4f}'
