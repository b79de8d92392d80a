"""Where a run stands, and ramps over its course."""

import math
from typing import Sequence, Tuple, Union

import numpy as np
from mmengine.logging import MessageHub


def current_epoch() -> int:
    """Epoch of the running mmengine runner, from 0; 0 where no runner trains."""
    return MessageHub.get_current_instance().get_info('epoch', 0) or 0


def current_iter() -> int:
    """Iteration of the running mmengine runner, from 0; 0 where no runner trains."""
    return MessageHub.get_current_instance().get_info('iter', 0) or 0


def linear_ramp(epochs: float, length: float) -> float:
    """0 -> 1 over ``length`` epochs, then 1; fractions of an epoch count. 1 where ``length`` is 0."""
    return 1.0 if length <= 0 else min(max(epochs / length, 0.0), 1.0)


def sigmoid_ramp(step: float, length: float) -> float:
    """``exp(-5 (1 - step / length)^2)``: 0.0067 -> 1 over ``length`` steps, then 1. 1 where ``length`` is 0."""
    return math.exp(-5 * (1 - linear_ramp(step, length)) ** 2)


def piecewise_linear(step: float, points: Union[float, Sequence[Tuple[float, float]]]) -> float:
    """A value that follows straight lines between points ``(step, value)``, and is level before and after them.

    Args:
        step (float): Where, such as the epoch from 0.
        points (float | Sequence[tuple[float, float]]): A constant, or points whose steps ascend; all values >= 0.

    Raises:
        ValueError: No points, a negative value, or steps that do not ascend.
    """
    if isinstance(points, (int, float)):
        points = [(0, points)]
    steps, values = zip(*points) if points else ((), ())
    if not values or min(values) < 0 or any(b <= a for a, b in zip(steps, steps[1:])):
        raise ValueError(f'A course needs points (step, value) with ascending steps and values >= 0, not {points!r}.')
    return float(np.interp(step, steps, values))
