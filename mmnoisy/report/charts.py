"""Charts of what was trained, and the style of all charts: Plotly figures."""

import html
from typing import Dict, Sequence

from .sources import Source

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
    return (
        figure(traces, x='', y='', barmode='group', yaxis_range=[0, 1], showlegend=True) if traces and names else None
    )
