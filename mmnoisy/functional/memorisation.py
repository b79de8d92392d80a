"""When a network begins to learn wrong labels by heart: the course of its agreement with the given labels. Pure functions."""

from typing import Tuple

import numpy as np


def curve(epoch, a: float, b: float, c: float):
    """``a (1 - exp(-b t^c))``, ADELE's model of a class's IoU with the given labels in epoch t, from 1."""
    return a * (1 - np.exp(-b * np.power(epoch, c)))


def slope(epoch, a: float, b: float, c: float):
    """Derivative of :func:`curve`."""
    return a * b * c * np.power(epoch, c - 1) * np.exp(-b * np.power(epoch, c))


def fit_curve(iou: np.ndarray) -> Tuple[float, float, float]:
    """The a and c in (0, 1] and b >= 0 of :func:`curve`, by least squares, from the IoUs of epochs 1 to T, (T,), T >= 3.

    The last epoch weighs ten times as much as the first, and the curve is steepest at its start (c <= 1), as in the official
    code: where the course has begun to flatten shows in its end.

    Raises:
        RuntimeError: No fit was found.
    """
    from scipy.optimize import curve_fit

    epochs = np.arange(1, len(iou) + 1, dtype=np.float64)
    bounds = ([1e-6, 0, 1e-6], [1, np.inf, 1])
    sigma = np.geomspace(1, 0.1, len(iou))
    values, _ = curve_fit(curve, epochs, iou, p0=(1, 1, 0.5), sigma=sigma, method='trf', bounds=bounds, maxfev=20000)
    return tuple(values)


def is_memorising(iou: np.ndarray, change: float = 0.9, least: float = 0.1) -> bool:
    """Whether learning has slowed so far that what is learnt now are the wrong labels.

    `Adaptive Early-Learning Correction for Segmentation from Noisy Annotations <https://arxiv.org/abs/2110.03740>`_: the
    slope of the fitted curve fell by more than the share ``change`` of the slope in its first epoch. The course counts from its
    lowest point on: what is before it, such as the epochs in which a rare class is not predicted yet, is no learning.

    Args:
        iou (np.ndarray): IoU of a class with its given labels on the training set in epochs 1 to T, (T,), in [0, 1].
        change (float): r, in (0, 1). Defaults to 0.9, the paper's.
        least (float): A class with a lower IoU in epoch T has not been learnt yet. Defaults to 0.1.
    """
    iou = np.asarray(iou, dtype=np.float64)
    if not len(iou) or iou[-1] < least:
        return False
    course = iou[np.flatnonzero(iou == iou.min())[-1] :]
    if len(course) < 3:
        return False
    try:
        values = fit_curve(course)
    except RuntimeError:
        return False
    first, last = slope(np.array([1.0, len(course)]), *values)
    return bool(last < (1 - change) * first)
