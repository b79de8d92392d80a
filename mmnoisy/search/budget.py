"""How long a search may take: a time, epochs, or trials."""

import re
import time
from argparse import ArgumentTypeError
from typing import Any, Dict, NamedTuple, Optional

from ..benchmark.command import seconds_of


class Budget(NamedTuple):
    """Limits, any of which ends a search; None is none. The time is that of one command, the others are of the whole study."""

    seconds: Optional[float] = None
    epochs: Optional[int] = None
    trials: Optional[int] = None

    def is_spent(self, begun: float, epochs: int, trials: int) -> bool:
        """Whether no further trial may begin.

        Args:
            begun (float): When the command began, seconds since the epoch.
            epochs (int): Trained so far, by all trials.
            trials (int): Begun so far.
        """
        return (
            (self.seconds is not None and time.time() - begun >= self.seconds)
            or (self.epochs is not None and epochs >= self.epochs)
            or (self.trials is not None and trials >= self.trials)
        )


def budget_of(text: str) -> Budget:
    """``'30m'``, ``'1h30m'``, ``'200ep'`` (epochs) or ``'40t'`` (trials); several with commas.

    Raises:
        ArgumentTypeError: It is none of these.
    """
    found: Dict[str, Any] = {}
    for part in text.split(','):
        counted = re.fullmatch(r'\s*(\d+)\s*(ep|t|trials)\s*', part)
        if counted:
            found['epochs' if counted[2] == 'ep' else 'trials'] = int(counted[1])
        else:
            try:
                found['seconds'] = seconds_of(part.strip())
            except ArgumentTypeError as error:
                raise ArgumentTypeError(
                    f'{part!r} is no budget such as 30m, 200ep (epochs) or 40t (trials).'
                ) from error
    if min(found.values()) <= 0:
        raise ArgumentTypeError(f'{text!r}: a budget is positive.')
    return Budget(**found)
