"""A picture of how the losses of the training set were divided."""

import numpy as np

from ..functional.mixtures import MixtureFit


def plot_fit(path, losses: np.ndarray, fit: MixtureFit, title: str) -> None:
    """Histogram of the losses with both components, as an image file."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4))
    axes = figure.add_subplot()
    # One shape: a hundred bars take a second to draw.
    density, edges = np.histogram(losses, bins=100, range=(0, 1), density=True)
    axes.stairs(density, edges, fill=True, color='0.75', label='samples')
    x = np.linspace(1e-3, 1 - 1e-3, 500)
    for values, name in zip(fit.densities(x), ('smaller loss', 'larger loss')):
        axes.plot(x, values, label=name)
    axes.set(xlabel='scaled loss', ylabel='density', title=title, xlim=(0, 1))
    axes.legend()
    figure.savefig(path)
