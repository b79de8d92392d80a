"""What the page of several sources says: a table, accuracies overlaid, detection side by side."""

import json
from typing import Sequence

from . import charts
from .page import MAIN, detection, percent, settings
from .sources import Source


def comparison(sources: Sequence[Source], rerun: str) -> dict:
    """Values for the template ``comparison.html``; ``rerun`` is the command that writes the page again."""
    figures = dict(
        history=charts.accuracies_overlaid(sources),
        detection=charts.detection_side_by_side({source.name: detection(source) for source in sources}),
    )
    rows = [table_row(source) for source in sources]
    columns = [key for key in rows[0] if any(row[key] is not None for row in rows)]
    return dict(
        title=f'{len(sources)} results compared',
        figures={name: json.loads(figure.to_json()) for name, figure in figures.items() if figure is not None},
        columns=columns,
        rows=[['–' if row[key] is None else row[key] for key in columns] for row in rows],
        details=[dict(name=source.name, settings=settings(source)) for source in sources],
        commands=[rerun],
    )


def table_row(source: Source) -> dict:
    """One line of the table: text, or None for what the source does not have. Accuracies in percent."""
    summary, samples = source.summary, source.samples
    rate = (source.audit.get('noise_rate') or {}).get('estimate')
    if rate is None:
        rate = (summary.get('noise') or {}).get('estimated_rate')
    found = detection(source)
    epochs = summary.get('epochs') or (int(source.history[-1]['epoch']) if source.history else None)
    return {
        'name': source.name,
        'kind': 'run' if source.is_run else 'audit',
        'epochs': None if epochs is None else str(epochs),
        'test, last': _number(summary.get('test_accuracy_last'), '.1f'),
        'test, at best val': _number(summary.get('test_accuracy_at_best_val'), '.1f'),
        'oracle best': _number(summary.get('test_accuracy_oracle_best'), '.1f'),
        'flagged': None if samples is None else f'{int(samples.is_issue.sum()):,} of {len(samples):,}',
        'estimated noise': None if rate is None else percent(rate),
        **{name: _number(found.get(name), '.3f') for name in MAIN},
        'train s': _number(summary.get('train_seconds'), '.0f'),
    }


def _number(value, form: str):
    return None if value is None else format(value, form)
