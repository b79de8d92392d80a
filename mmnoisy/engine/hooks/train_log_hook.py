from typing import Any, Dict, List, Optional

import torch
from mmengine.hooks import LoggerHook, RuntimeInfoHook
from torch import Tensor

from ...registry import HOOKS


@HOOKS.register_module()
class TrainLogHook(RuntimeInfoHook):
    """mmengine's RuntimeInfoHook, which reads what a step logs from the device once an interval, not once a value.

    To read a loss from a GPU waits for all of the step before it. The values are kept on their device and brought over
    together when the log is written, at the end of an epoch, and before a checkpoint. What is logged is the same to the
    bit. Take its place by ``default_hooks=dict(runtime_info=dict(type='mmnoisy.TrainLogHook'))``.

    Args:
        interval (int, optional): Iterations between two transfers; LoggerHook's where None. 1 for hooks of your own that
            read ``train/loss`` from the message hub in each iteration. Defaults to None.

    Raises:
        ValueError: An interval below 1.
    """

    def __init__(self, interval: Optional[int] = None):
        if interval is not None and interval < 1:
            raise ValueError(f'TrainLogHook: interval must be at least 1, not {interval!r}.')
        self.interval = interval
        self._intervals: List[int] = []
        self._pending: List[Dict[str, Any]] = []

    def before_train(self, runner) -> None:
        super().before_train(runner)
        self._intervals = [hook.interval for hook in runner.hooks if isinstance(hook, LoggerHook)]
        if self.interval is not None:
            self._intervals = [self.interval]

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if outputs is None:
            return
        self._pending.append({key: _detached(value) for key, value in outputs.items()})
        if any((batch_idx + 1) % interval == 0 for interval in self._intervals) or self.end_of_epoch(
            runner.train_dataloader, batch_idx
        ):
            self._write(runner)

    def after_train_epoch(self, runner) -> None:
        self._write(runner)

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        # A checkpoint of an iteration; its message hub was taken before hooks are called.
        if self._pending:
            self._write(runner)
            checkpoint['message_hub'] = runner.message_hub.state_dict()

    def _write(self, runner) -> None:
        pending, self._pending = self._pending, []
        numbers = iter(_read([value for values in pending for value in values.values() if torch.is_tensor(value)]))
        for values in pending:
            for key, value in values.items():
                runner.message_hub.update_scalar(f'train/{key}', next(numbers) if torch.is_tensor(value) else value)


def _detached(value: Any) -> Any:
    """A value as it is to be kept: a single floating point number on its device; all else as upstream takes it."""
    if torch.is_tensor(value) and value.is_floating_point() and value.numel() == 1:
        # A copy: a step may write into a tensor that it hands out.
        return value.detach().flatten().double()
    return value.item() if torch.is_tensor(value) and value.numel() == 1 else value


def _read(values: List[Tensor]) -> List[float]:
    """Numbers, (1,) float64 each, by one transfer from each device."""
    devices: Dict[torch.device, List[int]] = {}
    for i, value in enumerate(values):
        devices.setdefault(value.device, []).append(i)
    numbers = [0.0] * len(values)
    for places in devices.values():
        for i, number in zip(places, torch.cat([values[i] for i in places]).tolist()):
            numbers[i] = number
    return numbers
