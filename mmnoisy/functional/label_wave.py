"""Label Wave: when to stop, from how many predictions change from epoch to epoch (pure functions)."""

from typing import List, Optional, Sequence


def moving_average(values: Sequence[float], window: int) -> List[float]:
    """Mean of each value and the ``window - 1`` before it, from the first value that has so many: M - window + 1 values."""
    return [sum(values[end - window : end]) / window for end in range(window, len(values) + 1)]


def first_minimum(values: Sequence[float], patience: int = 1) -> Optional[int]:
    """Place of the first value that none of the ``patience`` next ones falls below; None as long as there is none."""
    for place in range(len(values) - patience):
        if min(values[place + 1 : place + 1 + patience]) >= values[place]:
            return place
    return None
