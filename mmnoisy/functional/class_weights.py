"""Weights that let each class count alike in an accuracy."""

import numpy as np

#: No label counts more than so many of a class of mean size: of a rare class a few labels say little.
MOST = 3.0


def class_weights(labels: np.ndarray) -> np.ndarray:
    """Weights of labels under which the classes that there are count alike, rare ones less: (n,) -> (n,), mean 1.

    The weighted share of labels that are met is the balanced accuracy. Noise that depends on the class alone makes
    observed classes larger and smaller and so bends the accuracy on observed labels in favour of what the larger ones take
    in; of two classes it leaves the order of classifiers by balanced accuracy as it is on right labels
    (https://proceedings.mlr.press/v37/menon15.html).

    Args:
        labels (np.ndarray): (n,) class numbers.
    """
    _, rows, counts = np.unique(labels, return_inverse=True, return_counts=True)
    weights = np.minimum(counts.mean() / counts, MOST)[rows] if len(counts) else np.ones(0)
    return weights / weights.mean() if len(weights) else weights
