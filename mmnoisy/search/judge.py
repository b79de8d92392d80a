"""What noisy validation can tell: how exact the objective is, and how wrong labels bend it."""

import math
from pathlib import Path
from typing import NamedTuple, Optional, Tuple

import numpy as np

from ..engine.hooks.validation_record_hook import PREDICTIONS
from ..functional.transition_estimators import joint_rows


class Predictions(NamedTuple):
    """Of a trial on its validation set, at its best epoch: (n,) rows, (n, K) probabilities, (n,) labels as given."""

    rows: np.ndarray
    scores: np.ndarray
    labels: np.ndarray


class Noise(NamedTuple):
    """What a trial's predictions say of the labels that it is judged by.

    Args:
        rate (float): Share of wrong labels, [0, 1].
        margin (float): The smallest ``T_ii - T_ij``.
        transition (np.ndarray): T, (K, K), true -> given.
        n (int): Labels.
    """

    rate: float
    margin: float
    transition: np.ndarray
    n: int


def predictions(folder) -> Optional[Predictions]:
    """Those of a trial's folder; None where it has none."""
    path = Path(folder) / PREDICTIONS
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as stored:
        return Predictions(stored['index'], stored['pred_score'].astype(np.float64), stored['label'])


def estimated_noise(found: Predictions) -> Noise:
    """T by the confident joint: the predictions are out of sample, the validation set is not trained on."""
    transition = joint_rows(found.scores, found.labels)
    kept = np.diag(transition)
    others = np.where(np.eye(len(transition), dtype=bool), -np.inf, transition)
    share = np.bincount(found.scores.argmax(1), minlength=len(transition)) / len(found.labels)
    return Noise(float(1 - share @ kept), float((kept - others.max(1)).min()), transition, len(found.labels))


def standard_error(accuracy: float, noise: Noise) -> Tuple[float, float]:
    """Of an accuracy on noisy labels, in points: as measured, and in points of clean accuracy under uniform noise.

    Two right and two wrong labels are added (Agresti and Coull): nothing is sure because all of a few labels were met.

    Args:
        accuracy (float): Percent.
        noise (Noise): See :func:`estimated_noise`.
    """
    n = noise.n + 4
    share = (accuracy / 100 * noise.n + 2) / n
    measured = 100 * math.sqrt(share * (1 - share) / n)
    return measured, measured / slope(noise)


def slope(noise: Noise) -> float:
    """Points of accuracy on the labels for each point of clean accuracy under uniform noise, (0, 1]."""
    classes = len(noise.transition)
    return max(0.05, 1 - noise.rate * classes / (classes - 1))


def corrected_accuracy(found: Predictions, transition: np.ndarray) -> Optional[float]:
    """Clean accuracy by ``mean of (T^-1)[given, predicted]``, percent; None where T cannot be inverted.

    It is shown and ranks nothing: T comes from a trial that may repeat the noise (docs/search.md).
    """
    if np.linalg.cond(transition) > 1e3:
        return None
    inverse = np.linalg.inv(transition)
    # Row: true class; an unbiased estimate of [true == predicted] from the given label.
    return 100 * float(inverse[found.labels, found.scores.argmax(1)].mean())
