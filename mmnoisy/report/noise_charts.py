"""Charts of the scores, the pairs of classes and the noise: Plotly figures."""

from typing import List, Optional, Sequence

import numpy as np

from .charts import COLOURS, GREY, figure, text
from .samples import Samples

#: Classes that a chart shows at most: more cannot be told apart.
MOST_CLASSES = 40


def cut_of(samples: Samples) -> Optional[float]:
    """The score below which labels are flagged; None where flags do not go by the score alone."""
    judged = np.isfinite(samples.score)
    flagged, kept = samples.score[judged & samples.is_issue], samples.score[judged & ~samples.is_issue]
    if not len(flagged) or not len(kept) or not flagged.max() < kept.min():
        return None
    return float((flagged.max() + kept.min()) / 2)


def score_histogram(samples: Samples):
    """How many samples have which score, flagged and not, with the cut where there is one."""
    import plotly.graph_objects as go

    if not np.isfinite(samples.score).any():
        return None
    edges = np.linspace(0, 1, 51)
    traces = []
    for name, chosen, colour in (
        ('flagged', samples.is_issue, COLOURS[1]),
        ('not flagged', ~samples.is_issue, COLOURS[0]),
    ):
        counts, _ = np.histogram(samples.score[chosen], edges)
        traces.append(go.Bar(name=name, x=(edges[:-1] + edges[1:]) / 2, y=counts, marker_color=colour))
    chart = figure(traces, x='score of the given label', y='images', barmode='stack', bargap=0.05)
    cut = cut_of(samples)
    if cut is not None:
        chart.add_vline(cut, line=dict(color=GREY, dash='dash'), annotation_text=f'cut {cut:.2f}')
    return chart


def pairs(samples: Samples) -> np.ndarray:
    """Flagged samples of each given class and suggested class, (K, K)."""
    size = len(samples.classes)
    counts = np.zeros((size, size), dtype=np.int64)
    chosen = samples.is_issue & (samples.suggested >= 0) & (samples.suggested != samples.given)
    np.add.at(counts, (samples.given[chosen], samples.suggested[chosen]), 1)
    return counts


def pair_heatmap(samples: Samples):
    """Given label against suggested label of the flagged samples; a cell knows the numbers of its two classes."""
    counts = pairs(samples)
    if not counts.any():
        return None
    shown = _busiest(counts.sum(0) + counts.sum(1))
    return _heatmap(samples.classes, shown, counts, 'suggested label', 'given label', '%{z} images')


def transition_heatmap(classes: Sequence[str], transition: dict):
    """The estimated share of each true class that was given each label, with intervals in the hover text."""
    matrix = np.array(transition.get('matrix') or [], dtype=np.float64)
    if matrix.shape != (len(classes),) * 2:
        return None
    shown = _busiest(1 - np.diag(matrix))
    intervals = [np.array(transition.get(key) or matrix, dtype=np.float64) for key in ('low', 'high')]
    hover = '%{z:.1%} (%{customdata[2]:.1%} to %{customdata[3]:.1%})'
    return _heatmap(classes, shown, matrix, 'given label', 'true label', hover, intervals, '.0%')


def _busiest(amount: np.ndarray) -> np.ndarray:
    """The classes that a chart shows: those with most of it, in their own order."""
    return np.sort(np.argsort(-amount, kind='stable')[:MOST_CLASSES])


def _heatmap(classes, shown, values, x: str, y: str, hover: str, more=(), digits: str = 'd'):
    import plotly.graph_objects as go

    block = np.ix_(shown, shown)
    rows, columns = np.meshgrid(shown, shown, indexing='ij')
    names = [text(classes[i]) for i in shown]
    trace = go.Heatmap(
        z=values[block],
        customdata=np.stack([rows, columns, *(part[block] for part in more)], axis=-1).tolist(),
        text=[[f'{y} {a}, {x} {b}' for b in names] for a in names],
        hovertemplate=f'%{{text}}: {hover}<extra></extra>',
        texttemplate=f'%{{z:{digits}}}' if len(shown) <= 12 else None,
        colorscale=[[0, 'rgba(59,130,196,.06)'], [1, 'rgba(59,130,196,.8)']],
        showscale=False,
        xgap=1,
        ygap=1,
    )
    ticks = dict(tickmode='array', tickvals=list(range(len(shown))), ticktext=names, showgrid=False)
    height = max(320, 90 + 22 * len(shown))
    return figure([trace], x=x, y=y, height=height, xaxis=ticks, yaxis=dict(ticks, autorange='reversed'))


def noise_by_class(rows: List[dict], title: str):
    """Share of each class that is taken for wrong, with intervals: dicts of class, rate, low, high, count, flagged."""
    import plotly.graph_objects as go

    shown = sorted((row for row in rows if row['rate'] is not None), key=lambda row: -row['rate'])[:MOST_CLASSES]
    if not shown:
        return None
    rate, low, high = (np.array([row[key] for row in shown], dtype=np.float64) for key in ('rate', 'low', 'high'))
    trace = go.Bar(
        y=list(range(len(shown))),
        x=rate,
        orientation='h',
        error_x=dict(type='data', array=high - rate, arrayminus=rate - low, color=GREY),
        customdata=[[text(row['class']), row['flagged'], row['count'], row['low'], row['high']] for row in shown],
        hovertemplate='%{customdata[0]}: %{x:.1%} (%{customdata[3]:.1%} to %{customdata[4]:.1%}), '
        '%{customdata[1]} of %{customdata[2]} images flagged<extra></extra>',
    )
    ticks = dict(tickmode='array', tickvals=list(range(len(shown))), ticktext=[text(row['class']) for row in shown])
    layout = dict(xaxis_tickformat='.0%', yaxis=dict(ticks, autorange='reversed', showgrid=False))
    return figure([trace], x=title, y='', height=max(220, 90 + 26 * len(shown)), **layout)
