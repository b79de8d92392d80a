"""A runner that knows which phase of an epoch its time goes to; what ``benchmark_epoch.py`` prints."""

import time
from contextlib import contextmanager
from typing import Callable, Dict, List, Optional

import torch
from mmengine.hooks import CheckpointHook, IterTimerHook, LoggerHook, RuntimeInfoHook
from mmengine.runner import Runner

from mmnoisy.evaluation import SummaryHook
from mmnoisy.evaluation.console_hook import ConsoleHook

#: data: waiting for batches; train: steps and what hooks do in them; sweep: what methods do before the first batch;
#: evaluate: validation, test, memorisation, detection.
PHASES = ('data', 'train', 'sweep', 'evaluate', 'checkpoint', 'log')
LOGGING = (LoggerHook, RuntimeInfoHook, IterTimerHook, ConsoleHook)
#: Where the loop is after these calls of all hooks.
AFTER = dict(
    before_train_epoch='data',
    before_train_iter='train',
    after_train_iter='data',
    after_train_epoch='log',
    before_val='evaluate',
    after_val='log',
)


class PhaseClock:
    """Seconds by phase: each moment belongs to the innermost one.

    Args:
        clock (Callable): Gives the time, in seconds.
        since (float, optional): The time at which the first phase, the start, began; now where None.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter, since: Optional[float] = None):
        self.clock = clock
        self.seconds: Dict[str, float] = {}
        self._stack = ['start']
        self._since = clock() if since is None else since

    def switch(self, phase: str) -> None:
        """Leave the innermost phase for another one."""
        self._count()
        self._stack[-1] = phase

    @contextmanager
    def within(self, phase: str):
        """A phase within the present one."""
        self._count()
        self._stack.append(phase)
        try:
            yield
        finally:
            self._count()
            self._stack.pop()

    def take(self) -> Dict[str, float]:
        """Seconds by phase since the last call."""
        self._count()
        found, self.seconds = self.seconds, {}
        return found

    def _count(self) -> None:
        now = self.clock()
        self.seconds[self._stack[-1]] = self.seconds.get(self._stack[-1], 0.0) + now - self._since
        self._since = now


class PhasedRunner(Runner):
    """Trains as its base and keeps the seconds of each epoch by phase in :attr:`epochs`, those before in :attr:`start`.

    :attr:`phases` is to be set before it trains. :attr:`images` and :attr:`steps` are those of each epoch, on this rank.
    """

    phases: PhaseClock
    start = 0.0

    @property
    def epochs(self) -> List[Dict[str, float]]:
        """Seconds by phase of each epoch."""
        return self.__dict__.setdefault('_epochs', [])

    @property
    def images(self) -> List[int]:
        """Images of each epoch."""
        return self.__dict__.setdefault('_images', [])

    @property
    def steps(self) -> List[int]:
        """Training steps of each epoch."""
        return self.__dict__.setdefault('_steps', [])

    def call_hook(self, fn_name: str, **kwargs) -> None:
        """As the base's, each hook on its account."""
        if not hasattr(self, 'phases'):
            super().call_hook(fn_name, **kwargs)
            return
        if fn_name == 'before_train_epoch':
            self._begin_epoch()
        elif fn_name in ('after_train_epoch', 'before_val', 'after_val') and torch.cuda.is_available():
            # What is still to be computed belongs to what has begun it.
            torch.cuda.synchronize()
        elif fn_name == 'after_train_iter':
            self.images[-1] += len(kwargs['data_batch']['data_samples'])
            self.steps[-1] += 1
        for hook in self._hooks:
            if hasattr(hook, fn_name):
                with self.phases.within(phase_of(hook, fn_name)):
                    getattr(hook, fn_name)(self, **kwargs)
        if fn_name in AFTER:
            self.phases.switch(AFTER[fn_name])

    def _begin_epoch(self) -> None:
        seconds = self.phases.take()
        if self.images:
            self.epochs.append(seconds)
        else:
            self.start = sum(seconds.values())
        self.images.append(0)
        self.steps.append(0)


def phase_of(hook, fn_name: str) -> str:
    """The phase of a call of a hook."""
    if isinstance(hook, SummaryHook) or 'val' in fn_name.split('_'):
        return 'checkpoint' if isinstance(hook, CheckpointHook) else 'evaluate'
    if isinstance(hook, CheckpointHook) or 'checkpoint' in fn_name:
        return 'checkpoint'
    if isinstance(hook, LOGGING):
        return 'log'
    if fn_name == 'before_train_epoch':
        return 'sweep'
    return 'start' if fn_name in ('before_run', 'before_train') else 'train'
