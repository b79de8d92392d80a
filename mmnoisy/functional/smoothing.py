"""Accuracies of epochs, smoothed: one epoch's figure is a noisy measurement of where the run stands."""

from typing import Dict, Optional


def smoothed(curve: Dict[int, float], window: int) -> Dict[int, float]:
    """Mean over the last ``window`` measured epochs, from the first epoch on that has so many; all of them where fewer are.

    Args:
        curve (dict[int, float]): Accuracy by epoch, ascending.
        window (int): At least 1.
    """
    epochs, values = list(curve), list(curve.values())
    if not epochs:
        return {}
    window = min(window, len(epochs))
    return {epochs[i]: sum(values[i + 1 - window : i + 1]) / window for i in range(window - 1, len(epochs))}


def best_epoch(curve: Dict[int, float], window: int) -> Optional[int]:
    """The first epoch whose smoothed accuracy is best; None for an empty curve."""
    means = smoothed(curve, window)
    return max(means, key=lambda epoch: means[epoch]) if means else None
