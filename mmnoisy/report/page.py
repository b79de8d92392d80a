"""What the page of one source says: facts, charts, lists, settings."""

import base64
import json
import shlex
from typing import List, Optional, Tuple

import numpy as np

from . import charts, noise_charts
from .gallery import gallery_data
from .sources import Source

#: Rows that a list on the page shows at most; the file that it comes from has all.
LONGEST_LIST = 200
#: Measures of detection that stand at the head and in tables; charts have more.
MAIN = ('auc', 'precision', 'recall')


def page(source: Source, rerun: str) -> dict:
    """Values for the template ``source.html``.

    Args:
        source (Source): An audit or a run.
        rerun (str): The command that writes this page again.
    """
    samples, audit = source.samples, source.audit
    classes = class_rows(source)
    figures = dict(
        history=charts.accuracy_by_epoch(source),
        score=noise_charts.score_histogram(samples) if samples else None,
        pairs=noise_charts.pair_heatmap(samples) if samples else None,
        noise=noise_charts.noise_by_class(
            classes, 'share of wrong labels' if audit.get('noise_by_class') else 'share flagged'
        ),
        transition=noise_charts.transition_heatmap(audit.get('classes') or [], audit.get('transition') or {}),
        neighbour_transition=noise_charts.transition_heatmap(
            audit.get('classes') or [], by_neighbours(audit).get('transition') or {}
        ),
    )
    return dict(
        title=source.name,
        kind='run' if source.is_run else 'audit',
        facts=facts(source),
        figures={name: json.loads(figure.to_json()) for name, figure in figures.items() if figure is not None},
        cut=None if samples is None else noise_charts.cut_of(samples),
        fits=[base64.b64encode(path.read_bytes()).decode() for path in source.fits],
        pairs=top_pairs(samples) if samples else [],
        class_rows=classes,
        estimated=bool(audit.get('noise_by_class')),
        most_classes=noise_charts.MOST_CLASSES,
        gallery=gallery_data(samples, source.neighbours) if samples else None,
        notes=audit.get('notes') or [],
        lists=lists(source),
        settings=settings(source),
        config=source.config.read_text(encoding='utf-8') if source.config else None,
        commands=[command for command in (made_by(source), rerun) if command],
    )


def facts(source: Source) -> List[tuple]:
    """(what, value) pairs for the head of the page; accuracies of runs in percent."""
    summary, audit, samples = source.summary, source.audit, source.samples
    found = []
    if samples is not None:
        unreadable = len(audit.get('unreadable') or [])
        count, flagged = audit.get('num_images') or len(samples), int(samples.is_issue.sum())
        found.append(('Images', f'{count:,}' + (f' ({unreadable:,} unreadable)' if unreadable else '')))
        found.append(('Classes', f'{len(samples.classes):,}'))
        found.append(('Flagged labels', f'{flagged:,} ({percent(flagged / max(1, len(samples)))})'))
    for title, noise in (('Estimated noise', audit), ('Estimated noise, by neighbours', by_neighbours(audit))):
        if (noise.get('noise_rate') or {}).get('estimate') is not None:
            found.append((title, _rate(noise['noise_rate'])))
    for name, values in (audit.get('judges') or {}).items():
        if (values or {}).get('accuracy') is not None:
            found.append((f'Judge {name}, out of sample', percent(values['accuracy'])))
    for key, title in (
        ('test_accuracy_last', 'Test accuracy, last epoch'),
        ('test_accuracy_at_best_val', 'Test accuracy at best validation'),
        ('test_accuracy_oracle_best', 'Oracle best on the test set'),
    ):
        if summary.get(key) is not None:
            found.append((title, f'{summary[key]:.1f} %'))
    found += [(f'Detection, {name}', f'{value:.3f}') for name, value in detection(source).items() if name in MAIN]
    return found


def by_neighbours(audit: dict) -> dict:
    """The audit's noise by the labels of neighbours: ``noise_rate`` and ``transition``; {} where it has none."""
    return audit.get('noise_by_neighbours') or {}


def _rate(rate: dict) -> str:
    known = rate.get('low') is not None and rate.get('high') is not None
    return percent(rate['estimate']) + (f' ({100 * rate["low"]:.1f} to {100 * rate["high"]:.1f})' if known else '')


def detection(source: Source) -> dict:
    """How well the source finds wrong labels, in [0, 1]: known only where the true labels are."""
    found = source.summary.get('detection') or source.audit.get('detection') or {}
    return {name: found[name] for name in charts.DETECTION if found.get(name) is not None}


def class_rows(source: Source) -> List[dict]:
    """Each class's share of wrong labels: the audit's estimate, or the share flagged with its 95 % interval (Wilson)."""
    if source.audit.get('noise_by_class'):
        return [_with_interval(row) for row in source.audit['noise_by_class']]
    if source.samples is None:
        return []
    from scipy.stats import binomtest

    samples, rows = source.samples, []
    sizes = np.bincount(samples.given, minlength=len(samples.classes)).tolist()
    flags = np.bincount(samples.given[samples.is_issue], minlength=len(samples.classes)).tolist()
    for name, count, flagged in zip(samples.classes, sizes, flags):
        if count:
            interval = binomtest(flagged, count).proportion_ci(method='wilson')
            low, high = float(interval.low), float(interval.high)
            rows.append(
                {'class': name, 'count': count, 'flagged': flagged, 'rate': flagged / count, 'low': low, 'high': high}
            )
    return rows


def _with_interval(row: dict) -> dict:
    """A class whose share or interval is unknown (too few images) has None for it, and no interval."""
    rate = row.get('rate')
    return dict(row, rate=rate, **{key: rate if row.get(key) is None else row[key] for key in ('low', 'high')})


def percent(share: float) -> str:
    """A share in [0, 1] in words."""
    return f'{100 * share:.1f} %'


def top_pairs(samples, most: int = 12) -> List[dict]:
    """The pairs of classes that most flagged labels are of."""
    counts = noise_charts.pairs(samples)
    rows, columns = np.unravel_index(np.argsort(-counts, axis=None, kind='stable')[:most], counts.shape)
    return [
        dict(given=int(i), suggested=int(j), count=int(counts[i, j]), names=(samples.classes[i], samples.classes[j]))
        for i, j in zip(rows, columns)
        if counts[i, j]
    ]


def lists(source: Source) -> List[dict]:
    """The audit's other findings: title, heads of the columns, rows of text and how many rows there are in all."""
    audit = source.audit
    near = [
        (p['path'], p['other'], ' / '.join(map(str, p['labels'])), f'{p["similarity"]:.3f}')
        for p in _list(audit, 'near_duplicates')
    ]
    found: List[Tuple[str, tuple, list]] = [
        (
            'Images that cannot be read',
            ('path', 'reason'),
            [(p['path'], p['reason']) for p in _list(audit, 'unreadable')],
        ),
        ('Near-duplicates with different labels', ('path', 'other', 'labels', 'similarity'), near),
        (
            'Far from every class',
            ('path', 'score'),
            [(p['path'], f'{p["score"]:.3f}') for p in _list(audit, 'outliers')],
        ),
        ('Classes too small to be judged', ('class',), [(_name(entry),) for entry in _list(audit, 'small_classes')]),
    ]
    return [dict(title=a, heads=b, rows=c[:LONGEST_LIST], total=len(c)) for a, b, c in found if c]


def _list(audit: dict, key: str) -> list:
    return audit.get(key) or []


def _name(entry) -> str:
    return f'{entry.get("class")} ({entry.get("count")} images)' if isinstance(entry, dict) else str(entry)


def settings(source: Source) -> List[tuple]:
    """(name, value) of what the audit or the run was made with."""
    audit, summary = source.audit, source.summary
    found = [('folder', str(source.folder))]
    found += [(key, audit[key]) for key in ('data', 'backbone') if audit.get(key)]
    found += [(key, summary[key]) for key in ('config', 'seed', 'epochs') if summary.get(key) is not None]
    found += [(f'noise: {key}', value) for key, value in (summary.get('noise') or {}).items()]
    found += [(f'seconds: {key}', f'{value:.1f}') for key, value in (audit.get('seconds') or {}).items()]
    if summary.get('train_seconds') is not None:
        found.append(('seconds of training', f'{summary["train_seconds"]:.1f}'))
    return [(name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)) for name, value in found]


def made_by(source: Source) -> Optional[str]:
    """The command that makes the audit or the run again."""
    command = source.audit.get('command') or source.summary.get('command')
    if command:
        return command if isinstance(command, str) else shlex.join(command)
    return f'python tools/train.py {shlex.quote(str(source.config))}' if source.config else None
