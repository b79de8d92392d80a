"""What a benchmark shows while it runs: a bar on a terminal, plain lines elsewhere."""

from typing import Callable, Dict, List, Optional

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from .suite import Cell


def duration(seconds: float) -> str:
    """``'2 h 5 min'``, ``'3 min'``, ``'12 s'``."""
    if seconds < 60:
        return f'{seconds:.0f} s'
    minutes = round(seconds / 60)
    return f'{minutes} min' if minutes < 60 else f'{minutes // 60} h {minutes % 60} min'


def time_of(cells: List[Cell], estimates: Dict[str, Optional[float]], workers: int) -> str:
    """How long runs take, in words; those of which nobody knows it are counted."""
    known = [seconds for seconds in (estimates[cell.method] for cell in cells) if seconds is not None]
    text = f'about {duration(sum(known) / workers)}' if known else 'an unknown time'
    unknown = len(cells) - len(known)
    return f'{text}, and {unknown} runs of unknown length' if unknown and known else text


class ProgressView:
    """Takes what happens and shows it.

    Args:
        total (int): Runs of the plan.
        workers (int): Processes, for the time that is left.
        estimates (Callable): Gives seconds by method.
        console (Console, optional): Where to; the standard output where None.
    """

    def __init__(self, total: int, workers: int, estimates: Callable, console: Optional[Console] = None):
        self.total, self.workers, self.estimates = total, workers, estimates
        self.console = console or Console(soft_wrap=True, highlight=False, markup=False)
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn('{task.fields[left]}'))
        self._bar = Progress(*columns, console=self.console) if self.console.is_terminal else None
        self._done = 0

    def begin(self, done: int) -> None:
        self._done = done
        self.say(f'{done} of {self.total} runs have a result.')
        if self._bar:
            self._task = self._bar.add_task('', total=self.total, completed=done, left='')
            self._bar.start()

    def finished(self, cell: Cell, text: str, left: List[Cell]) -> None:
        """A run has ended; ``left`` are those that have not."""
        self._done += 1
        remaining = f'{time_of(left, self.estimates(), self.workers)} left' if left else 'all done'
        self.say(f'{self._done}/{self.total} {cell.name}: {text}' + ('' if self._bar else f' ({remaining})'))
        if self._bar:
            self._bar.update(self._task, completed=self._done, left=remaining)

    def say(self, text: str) -> None:
        self.console.print(text)

    def end(self) -> None:
        if self._bar:
            self._bar.stop()
