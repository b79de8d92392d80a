"""The page of a search, in the style of the report: the trials, what was confirmed, and Optuna's plots."""

import json
import shlex
from pathlib import Path
from typing import Any, Dict, List, Sequence

from ..files import write_text
from .about import read_search
from .choice import from_dict
from .confirm import Finalist
from .judged import NOISY, Judged
from .leaderboard import Board, leaderboard
from .space import Space
from .study import optuna

#: Rows of the table.
MOST = 50


def page_of(folder, path=None) -> Path:
    """Write the page of a search, of all trials that have ended, from what its folder holds.

    Args:
        folder (str | Path): Folder of the search.
        path (str | Path, optional): The page; ``report.html`` in the folder where None.

    Raises:
        ImportError: Jinja2 or Plotly is missing.
        ValueError: No trial has ended, or a file is damaged.
    """
    folder = Path(folder)
    space, about = read_search(folder)
    board = leaderboard(folder, about['judged'])
    if not board.entries:
        raise ValueError(f'No trial of the search in {folder} has ended: there is nothing to make a page of yet.')
    return write_page(folder, space, board, read_finalists(folder), about['judged'], path)


def read_finalists(folder: Path) -> List[Finalist]:
    """What the confirmation of a search said; [] before its end, and where there was none.

    Raises:
        ValueError: The file is damaged.
    """
    path = folder / 'found.json'
    if not path.is_file():
        return []
    try:
        stored = json.loads(path.read_text(encoding='utf-8'))['confirmed']
        return [Finalist(**dict(one, choice=from_dict(one['choice']))) for one in stored]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f'{path} is damaged ({type(error).__name__}: {error}): run the same search again.') from error


def write_page(
    out, space: Space, board: Board, finalists: Sequence[Finalist], judged: Judged = NOISY, path=None
) -> Path:
    """Write the page of a search, ``report.html`` in its folder where no other place is named.

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
        (str(one.choice), '✓' if one.chosen else '', f'{one.searched:.2f}', f'{one.mean:.2f}')
        + (', '.join(f'{value:.1f}' for value in one.each), f'{one.p:.2g}')
        + (f'{one.behind:.2f}', f'{one.seconds:.1f}')
        for one in finalists
    ]
    values = dict(
        title=f'Search: {space.title}',
        notes=board.notes,
        judged_by=judged.by,
        trained_again=judged.again,
        columns=('rank', 'trial', judged.by, 'epoch', 'seconds', *slots),
        rows=rows,
        confirmed=confirmed,
        confirmed_columns=('choice', '', 'searched', 'confirmed', 'each', 'p', 'behind', 'seconds'),
        figures={name: json.loads(figure.to_json()) for name, figure in figures(space, board, judged).items()},
        commands=commands(Path(out)),
    )
    path = Path(out) / 'report.html' if path is None else Path(path)
    write_text(path, render('search.html', values))
    return path


def commands(out: Path) -> List[str]:
    """What to type next; the config of the best is written when all trials have ended."""
    if not (out / 'best.py').is_file():
        return []
    best = shlex.quote(str(out / 'best.py'))
    return [f'python -m mmnoisy.stages {best}', f'python -m mmnoisy.search.ablation {best}']


def figures(space: Space, board: Board, judged: Judged = NOISY) -> Dict[str, Any]:
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
    found['cost'] = charts.figure([trace], x='seconds of training', y=f'{judged.by} (%)')
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
