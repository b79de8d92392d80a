"""The table of a method's README, from its ``results.json``."""

from typing import List, Optional

from .results_file import DETECTION, METRICS, Figure, entries_of, figure


def number(figure: Figure, metric: str) -> str:
    """The mean as it is printed."""
    _, decimals, scale = METRICS[metric]
    return f'{scale * figure.mean:.{decimals}f}'


def cell(figure: Optional[Figure], metric: str, seeds: List[int]) -> str:
    """The mean and each seed's value; the seeds where they are not those of the row."""
    if figure is None:
        return ''
    _, decimals, scale = METRICS[metric]
    text = number(figure, metric)
    if figure.each and len(figure.each) > 1:
        text += f' ({", ".join(f"{scale * one:.{decimals}f}" for one in figure.each)})'
    if figure.seeds != seeds:
        text += f' (seed {", ".join(map(str, figure.seeds))})'
    return text


def results_table(results: dict, configs: List[str]) -> str:
    """The table of a method's README: a row for each config that was run, and the names of those that were not."""
    rows = {}
    for entry in (*results['means'], *results['runs']):
        config, noise = entry['config'], entry.get('noise')
        label = f'`{config}`' + (f' `{" ".join(f"{k}={v}" for k, v in noise.items())}`' if noise else '')
        seeds = [run['seed'] for run in entries_of(results, config, noise)] or entry['seeds']
        rows[label] = (seeds, {metric: figure(results, config, metric, noise) for metric in METRICS})
    lines = []
    if rows:
        shown = [metric for metric in METRICS if any(figures[metric] for _, figures in rows.values())]
        draws = ', '.join(map(str, sorted({run['noise_seed'] for run in results['runs']})))
        lines += [
            f'Test accuracy in percent: mean over the seeds, and each seed in brackets. Noise seed: {draws}.',
            *([_legend(shown)] if set(shown) & set(DETECTION) else []),
            '',
            '| config | seeds | ' + ' | '.join(METRICS[metric].title for metric in shown) + ' |',
            '| --- ' * (2 + len(shown)) + '|',
        ]
        for label, (seeds, figures) in sorted(rows.items()):
            cells = [label, ', '.join(map(str, seeds)), *(cell(figures[metric], metric, seeds) for metric in shown)]
            lines.append('| ' + ' | '.join(cells) + ' |')
        lines.append('')
    not_run = sorted(set(configs) - {entry['config'] for entry in (*results['means'], *results['runs'])})
    if not_run:
        lines.append('Not run: ' + ', '.join(f'`{name}`' for name in not_run) + '.')
    return '\n'.join(lines).strip()


def _legend(shown: List[str]) -> str:
    meanings = {
        'auc': 'AUC of the score',
        'precision': 'precision, recall and F1 of the flags',
        'label_precision': 'label precision, the share of right labels among the samples that are not flagged',
        'fnr_at_rate': 'FNR at the true rate, the share of the wrong labels that is missed where as many samples are flagged as '
        'have a wrong label',
        'suggested_accuracy': 'suggested labels that are right, flagged or not',
    }
    return f'Of the training samples, last epoch: {"; ".join(meanings[key] for key in meanings if key in shown)}.'


def with_seed(found: Figure, metric: str) -> str:
    """The mean; the seed is named where it is the only one."""
    text = number(found, metric) + (' %' if METRICS[metric].title.endswith('%') else '')
    return text + (f' (seed {found.seeds[0]})' if len(found.seeds) == 1 else '')
