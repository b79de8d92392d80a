import time
from typing import Dict, Optional

from mmengine.dist import is_main_process
from mmengine.hooks import Hook

from ..console import console
from ..registry import HOOKS
from .summary_hook import SummaryHook

#: What a line shows of a row of the history, where it is measured.
SHOWN = dict(val_accuracy='val', test_accuracy='test', train_memorised='memorised')


@HOOKS.register_module()
class ConsoleHook(Hook):
    """A bar with the time that is left and the current accuracies; one line an epoch where the output is no terminal.

    ``mmnoisy train`` adds it to a run. Accuracies are in percent, of noisy validation (``val``) and of the test set.
    """

    # After SummaryHook (LOW) has measured.
    priority = 'VERY_LOW'

    def before_train(self, runner) -> None:
        self._start, self._first, self._bar = time.monotonic(), runner.iter, None
        if is_main_process() and console().is_terminal:
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = [
                TextColumn('{task.description}'),
                BarColumn(),
                TimeRemainingColumn(),
                TextColumn('{task.fields[now]}'),
            ]
            self._bar = Progress(*columns, console=console())
            self._task = self._bar.add_task('', total=runner.max_iters, completed=runner.iter, now='')
            self._bar.start()

    def before_train_epoch(self, runner) -> None:
        if self._bar:
            self._bar.update(self._task, description=f'epoch {runner.epoch + 1}/{runner.max_epochs}')

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if self._bar:
            self._bar.update(self._task, completed=runner.iter + 1)

    def after_train_epoch(self, runner) -> None:
        # The validation follows, where there is one, and has its accuracy.
        if runner.val_loop is None or (runner.epoch + 1) % runner.val_interval:
            self._say(runner, runner.epoch + 1)

    def after_val_epoch(self, runner, metrics: Optional[Dict[str, float]] = None) -> None:
        if hasattr(self, '_start'):
            self._say(runner, runner.epoch)

    def after_train(self, runner) -> None:
        if self._bar:
            self._bar.stop()

    def _say(self, runner, epoch: int) -> None:
        if not is_main_process():
            return
        now = accuracies(runner)
        if self._bar:
            self._bar.update(self._task, now=now)
            return
        done = max(1, runner.iter - self._first)
        left = (time.monotonic() - self._start) / done * max(0, runner.max_iters - runner.iter)
        console().print(f'epoch {epoch}/{runner.max_epochs}  {now}  {_clock(left)} left')


def accuracies(runner) -> str:
    """The last accuracies that SummaryHook measured, in words."""
    history = next((hook.history for hook in runner.hooks if isinstance(hook, SummaryHook)), [])
    row = history[-1] if history else {}
    return '  '.join(f'{short} {row[name]:.1f}' for name, short in SHOWN.items() if name in row)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours}:{minutes:02d}:{seconds:02d}'
