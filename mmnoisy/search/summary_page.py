"""The page of a search, in the style of the report: the trials, what was confirmed, and Optuna's plots."""

import json
import shlex
from pathlib import Path
from typing import Any, Dict, List, Sequence

from ..files import write_text
from .confirm import Finalist
from .leaderboard import Board
from .space import Space
from .study import optuna

#: Rows of the table.
MOST = 50


def write_page(out, space: Space, board: Board, finalists: Sequence[Finalist]) -> Path:
    """Write ``report.html`` into a search's folder.

    Raises:
        ImportError: Jinja2 or Plotly is missing.
    """
    from ..report.write import render

    slots = list(space.slots)
    rows = [
        (i, entry.number, f'{entry.value:.2f}', entry.epoch if not entry.stopped else f'{entry.epoch}, stopped')
        + (f'{entry.seconds:.1f}', *(entry.choice.parts[slot] for slot in slots))
        for i, entry in enumerate(board.entries[:MOST], 1)
    ]
    confirmed = [
        (str(one.choice), 'chosen' if one.chosen else '', f'{one.searched:.2f}', f'{one.mean:.2f}')
        + (', '.join(f'{value:.1f}' for value in one.each), f'{one.p:.2g}', f'{one.seconds:.1f}')
        for one in finalists
    ]
    values = dict(
        title=f'Search: {space.title}',
        notes=board.notes,
        columns=('rank', 'trial', 'noisy validation', 'epoch', 'seconds', *slots),
        rows=rows,
        confirmed=confirmed,
        confirmed_columns=('choice', '', 'searched', 'confirmed', 'each', 'p', 'seconds'),
        figures={name: json.loads(figure.to_json()) for name, figure in figures(space, board).items()},
        commands=[f'python tools/train.py {shlex.quote(str(Path(out) / "best.py"))}'],
    )
    path = Path(out) / 'report.html'
    write_text(path, render('search.html', values))
    return path


def figures(space: Space, board: Board) -> Dict[str, Any]:
    """Plotly figures of trials that were trained to their end; {} for too few."""
    from ..report import charts

    whole = [entry for entry in board.entries if entry.stopped is None]
    if len(whole) < 4 or len({entry.value for entry in whole}) < 2:
        return {}
    import plotly.graph_objects as go

    study = of_parts(space, whole)
    varied = [slot for slot in space.slots if len({entry.choice.parts[slot] for entry in whole}) > 1]
    found = {}
    visual = optuna().visualization
    if varied:
        found['importance'] = visual.plot_param_importances(study, params=varied)
        found['parallel'] = visual.plot_parallel_coordinate(study, params=varied)
    for figure in found.values():
        figure.update_layout(title=None, height=360, paper_bgcolor='rgba(0,0,0,0)', plot_bgcolor='rgba(0,0,0,0)')
    trace = go.Scatter(
        x=[entry.seconds for entry in whole],
        y=[entry.value for entry in whole],
        text=[charts.text(entry.choice) for entry in whole],
        mode='markers',
    )
    found['cost'] = charts.figure([trace], x='seconds of training', y='noisy validation (%)')
    return found


def of_parts(space: Space, entries: List):
    """A study whose parameters are the parts that were trained, which every trial has: what was asked may be another part."""
    found = optuna()
    study = found.create_study(direction='maximize')
    kinds = {slot: found.distributions.CategoricalDistribution(list(names)) for slot, names in space.slots.items()}
    for entry in entries:
        study.add_trial(
            found.trial.create_trial(params=dict(entry.choice.parts), distributions=kinds, value=entry.value)
        )
    return study
