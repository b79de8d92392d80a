"""The charts of a page, as Plotly figures."""

import html
from typing import Dict, List, Optional, Sequence

import numpy as np

from .samples import Samples
from .sources import Source

#: Classes that a chart shows at most: more cannot be told apart.
MOST_CLASSES = 40
COLOURS = ('#3b82c4', '#d9772b', '#3a9a6b', '#b8559a', '#8a6fd1', '#a08a2c', '#d05252', '#4aa3a8')
GREY = '#8b93a1'
#: Column of the history -> name in the legend and whether it is drawn dashed.
CURVES = {
    'test_accuracy': ('test', False),
    'val_accuracy': ('noisy validation', False),
    'train_accuracy_correctly_labelled': ('training, rightly labelled', False),
    'train_memorised': ('memorised wrong labels', True),
    'train_corrected': ('wrong labels seen through', True),
}
DETECTION = ('auc', 'precision', 'recall', 'f1', 'label_precision', 'label_recall')


def text(name) -> str:
    """A name as Plotly shows it: it reads a few HTML tags in labels."""
    name = str(name)
    return html.escape(name if len(name) <= 40 else f'{name[:39]}…', quote=False)


def figure(traces: Sequence, *, x: str, y: str, height: int = 360, **layout):
    """A figure in the style of the page; what depends on light or dark is set in the browser."""
    import plotly.graph_objects as go

    axis = dict(automargin=True, gridcolor='rgba(128,128,128,.22)', zeroline=False, linecolor='rgba(128,128,128,.5)')
    figure = go.Figure(list(traces))
    figure.update_layout(
        template='none',
        colorway=COLOURS,
        height=height,
        margin=dict(l=8, r=8, t=12, b=8),
        paper_bgcolor='rgba(0,0,0,0)',
        plot_bgcolor='rgba(0,0,0,0)',
        legend=dict(orientation='h', x=0, y=1.02, yanchor='bottom'),
        font=dict(family='system-ui, sans-serif', size=13),
    )
    figure.update_xaxes(title=x, **axis)
    figure.update_yaxes(title=y, **axis)
    return figure.update_layout(**layout)


def accuracy_by_epoch(source: Source):
    """Test and validation accuracy, and what the network makes of wrong labels; None where nothing was measured."""
    import plotly.graph_objects as go

    traces = [
        go.Scatter(
            **_curve(source, column), name=name, mode='lines+markers', line=dict(dash='dot' if dash else 'solid')
        )
        for column, (name, dash) in CURVES.items()
        if any(column in row for row in source.history)
    ]
    return figure(traces, x='epoch', y='percent', hovermode='x unified') if traces else None


def accuracies_overlaid(sources: Sequence[Source]):
    """Test accuracy of every run, and dotted the wrong labels that it memorised."""
    import plotly.graph_objects as go

    traces = []
    for i, source in enumerate(sources):
        for column, dash in (('test_accuracy', 'solid'), ('train_memorised', 'dot')):
            if any(column in row for row in source.history):
                name = f'{text(source.name)}{", memorised" if dash == "dot" else ""}'
                line = dict(dash=dash, color=COLOURS[i % len(COLOURS)])
                traces.append(go.Scatter(**_curve(source, column), name=name, mode='lines+markers', line=line))
    return figure(traces, x='epoch', y='percent', height=420) if traces else None


def _curve(source: Source, column: str) -> dict:
    rows = [row for row in source.history if column in row]
    return dict(x=[int(row['epoch']) for row in rows], y=[row[column] for row in rows], marker=dict(size=4))


def detection_side_by_side(found: Dict[str, dict]):
    """How well each source finds wrong labels: name -> measures in [0, 1]; None where no truth is known."""
    import plotly.graph_objects as go

    names = [name for name in DETECTION if any(name in values for values in found.values())]
    labels = [name.replace('_', ' ') for name in names]
    traces = [
        go.Bar(name=text(source), x=labels, y=[values.get(name) for name in names])
        for source, values in found.items()
        if values
    ]
    return figure(traces, x='', y='', barmode='group', yaxis_range=[0, 1]) if traces and names else None


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


def noise_by_class(rows: List[dict]):
    """Share of each class that is taken for wrong, with intervals: dicts of class, rate, low, high, count, flagged."""
    import plotly.graph_objects as go

    shown = sorted(rows, key=lambda row: -row['rate'])[:MOST_CLASSES]
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
    return figure([trace], x='share of wrong labels', y='', height=max(220, 90 + 26 * len(shown)), **layout)
