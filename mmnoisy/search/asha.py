"""When a trial is stopped: successive halving that stops and never goes on again (https://arxiv.org/abs/1810.05934).

Methods that memorise wrong labels are best early: no trial is judged before a third of its epochs, and what is compared is
the best smoothed accuracy that each had at that epoch.
"""

from typing import Dict, List, Sequence

from ..engine.hooks.validation_record_hook import objective

#: One of so many trials passes a rung.
ETA = 3


def rungs(epochs: int, warmup: int, eta: int = ETA) -> List[int]:
    """Epochs after which a trial is judged: the first after the warm-up and a third of the epochs, then ``eta`` times it.

    Args:
        epochs (int): Of a trial.
        warmup (int): Epochs before a method does more than to learn.
    """
    found, rung = [], max(-(-epochs // 3), warmup + 1)
    while rung < epochs:
        found.append(rung)
        rung *= eta
    return found


def at(curve: Dict[int, float], rung: int):
    """What a trial had reached at an epoch, percent; None where it was not validated that far."""
    if not curve or max(curve) < rung:
        return None
    return objective({epoch: value for epoch, value in curve.items() if epoch <= rung})


def should_stop(
    curve: Dict[int, float], others: Sequence[Dict[int, float]], levels: Sequence[int], eta: int = ETA
) -> bool:
    """Whether a trial is not among the best of those that came as far.

    Args:
        curve (dict[int, float]): Its accuracy by epoch so far.
        others (Sequence[dict]): Those of the other trials.
        levels (Sequence[int]): See :func:`rungs`.
        eta (int): One of so many passes, and always the best one; nobody is stopped before so many came as far.
    """
    for rung in levels:
        own = at(curve, rung)
        if own is None:
            return False
        known = sorted((value for value in (at(other, rung) for other in others) if value is not None), reverse=True)
        # Where fewer came as far, nobody knows yet what is bad.
        if len(known) >= eta and sum(value > own for value in known) >= (len(known) + 1) // eta:
            return True
    return False
