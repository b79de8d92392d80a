"""How often a run is evaluated, and what that costs it."""

import math
import time
from contextlib import contextmanager
from typing import Dict, NamedTuple

import torch
from mmengine.dist import broadcast

#: What evaluation may take of the time of training, all in all.
SHARE = 0.1


class Intervals(NamedTuple):
    """Epochs between two evaluations.

    Args:
        test (int): On the test set.
        sweep (int): Of what was memorised, where that takes a sweep of its own.
    """

    test: int = 1
    sweep: int = 1


def choose_intervals(train: float, validation: float, test: float, sweep: float) -> Intervals:
    """Intervals at which evaluation takes at most :data:`SHARE` of an epoch.

    Sweeps get a third of that. The test set gets what validation and they leave, and a fifth where that is less.

    Args:
        train (float): Seconds of training in an epoch, > 0.
        validation (float): Seconds of validation in an epoch.
        test (float): Seconds of an evaluation on the test set.
        sweep (float): Seconds of a sweep for memorisation; 0 where there is none.
    """
    budget = SHARE * train
    sweeps = max(1, math.ceil(sweep / (budget / 3)))
    left = max(budget - validation - sweep / sweeps, budget / 5)
    return Intervals(max(1, math.ceil(test / left)), sweeps)


def same_on_all_ranks(intervals: Intervals) -> Intervals:
    """Those of rank 0. Collective."""
    values = torch.tensor(intervals)
    broadcast(values)
    return Intervals(*values.tolist())


class EvaluationClock:
    """Seconds spent in each part of the evaluation: :attr:`seconds`, by part."""

    def __init__(self) -> None:
        self.seconds: Dict[str, float] = {}
        self._begun: Dict[str, float] = {}

    @contextmanager
    def count(self, part: str):
        """Count the time of a block."""
        self.begin(part)
        try:
            yield
        finally:
            self.end(part)

    def begin(self, part: str) -> None:
        """Begin to count."""
        if torch.cuda.is_available():
            # What training has begun is not evaluation's.
            torch.cuda.synchronize()
        self._begun[part] = time.perf_counter()

    def end(self, part: str) -> None:
        """Add the time since :meth:`begin`, if there was one."""
        begun = self._begun.pop(part, None)
        if begun is not None:
            self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - begun

    def total(self) -> float:
        """Seconds of all parts."""
        return sum(self.seconds.values())

    def text(self, train: float) -> str:
        """The parts in words, against ``train`` seconds of training."""
        parts = ', '.join(f'{name} {seconds:.1f} s' for name, seconds in self.seconds.items())
        share = f', {100 * self.total() / train:.1f} % of the {train:.1f} s of training' if train else ''
        return f'Evaluation took {self.total():.1f} s{share}{f": {parts}" if parts else ""}.'
