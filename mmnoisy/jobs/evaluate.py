"""Accuracy of a trained run on labelled data."""

from typing import List, NamedTuple

import numpy as np

from ..datasets.own_data import OwnData, read_data
from .predict import predict
from .training import class_numbers


class Evaluation(NamedTuple):
    """Accuracies in percent; None where a class has no image.

    Args:
        accuracy (float): Of all readable images.
        classes (list[dict]): ``class``, ``images`` and ``accuracy`` of each.
        unreadable (dict[str, str]): Why, by file.
    """

    accuracy: float
    classes: List[dict]
    unreadable: dict


def evaluate(run, data, **reading) -> Evaluation:
    """Compare a run's predictions with labels.

    Args:
        run (str | Path): Folder of the run.
        data (str | Path | OwnData): Labelled images; of data with a part ``test``, that part alone.

    Raises:
        FileNotFoundError, ValueError: No run, no data, or a class that the run does not know.
    """
    data = data if isinstance(data, OwnData) else read_data(data, **reading)
    rows = np.flatnonzero(data.split == 'test') if (data.split == 'test').any() else np.arange(len(data.paths))
    found = predict(run, [data.paths[row] for row in rows])
    labels = dict(zip(data.paths, class_numbers(data, found.classes)))
    given = np.array([labels[path] for path in found.paths], dtype=int)
    right = found.probabilities.argmax(1) == given
    if not len(right):
        raise ValueError(f'None of the images of {data.source} can be read.')
    by_class = [
        {'class': name, 'images': int(members.sum()), 'accuracy': _percent(right[members])}
        for name, members in ((name, given == number) for number, name in enumerate(found.classes))
    ]
    return Evaluation(_percent(right), by_class, found.unreadable)


def _percent(right: np.ndarray):
    return 100 * float(right.mean()) if len(right) else None
