"""A suite's picture: accuracy by method and noise, and against what training costs."""

from pathlib import Path

from ..files import replace_file
from .figures import all_figures
from .store import Store


def draw(store: Store, path) -> bool:
    """Write the picture; returns whether there was anything to draw."""
    import matplotlib

    matplotlib.use('Agg')
    import matplotlib.pyplot as plt

    suite, figures = store.suite, [entry for entry in all_figures(store) if 'last' in entry.means]
    if not figures:
        return False
    methods = [method for method in suite.methods if any(entry.method == method for entry in figures)]
    titles = [suite.methods[method].get('title', method) for method in methods]
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 1.8 + 0.36 * len(methods)), layout='constrained')
    for noise in suite.noises:
        own = [entry for entry in figures if entry.noise == noise]
        spread = [entry.means['last'].std or 0 for entry in own]
        places = [methods.index(entry.method) for entry in own]
        left.errorbar([entry.means['last'].mean for entry in own], places, xerr=spread, fmt='o', label=noise, capsize=3)
    left.set(
        title='By noise', xlabel='Test accuracy at the last epoch (%)', yticks=range(len(methods)), yticklabels=titles
    )
    left.invert_yaxis()
    _costs(right, figures, methods, titles)
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.legend(*left.get_legend_handles_labels(), loc='outside lower center', ncols=6)
    with replace_file(Path(path), 'wb') as file:
        figure.savefig(file, dpi=110, format='png')
    plt.close(figure)
    return True


def _costs(axes, figures, methods, titles) -> None:
    """Means over the noises in which every drawn method was run."""
    ran = [{entry.noise for entry in figures if entry.method == method} for method in methods]
    shared = set.intersection(*ran)
    for method, title in zip(methods, titles):
        own = [entry for entry in figures if entry.method == method and entry.noise in shared]
        if own:
            cost = sum(entry.seconds.mean for entry in own if entry.seconds) / len(own)
            accuracy = sum(entry.means['last'].mean for entry in own) / len(own)
            axes.plot(cost, accuracy, 'o')
            axes.annotate(title, (cost, accuracy), textcoords='offset points', xytext=(5, 4), fontsize=8)
    axes.set(
        title=f'Against cost, mean over {len(shared)} noise(s)',
        xlabel='Seconds of training',
        ylabel='Test accuracy (%)',
    )
    if shared:
        axes.set_xscale('log')
