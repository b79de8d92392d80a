import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook

from ...registry import HOOKS


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stops training at a NaN or infinite loss, before a checkpoint of the broken weights can be written.

    The loss is checked on its device in every iteration without waiting for it; the result is read every ``interval``
    iterations and at the end of the epoch.

    Args:
        interval (int): Iterations between two reads. Defaults to 10.

    Raises:
        RuntimeError: While training; names the epoch and the iteration.
    """

    # Before CheckpointHook (VERY_LOW).
    priority = 'BELOW_NORMAL'

    def __init__(self, interval: int = 10):
        self.interval = interval
        self._first_bad = None

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        loss = outputs['loss'].detach()
        if self._first_bad is None:
            self._first_bad = torch.full((), float('inf'), device=loss.device, dtype=torch.float64)
        here = torch.where(torch.isfinite(loss).all(), float('inf'), float(batch_idx)).to(self._first_bad)
        self._first_bad = torch.minimum(self._first_bad, here)
        if (batch_idx + 1) % self.interval == 0:
            self._check(runner, self._first_bad)

    def after_train_epoch(self, runner) -> None:
        if self._first_bad is None:
            return
        first_bad = self._first_bad.clone()
        # All ranks stop together: the one that saw the NaN must not leave the others waiting.
        all_reduce(first_bad, 'min')
        self._check(runner, first_bad)

    def _check(self, runner, first_bad) -> None:
        if torch.isfinite(first_bad):
            raise RuntimeError(
                f'The loss is not finite in epoch {runner.epoch + 1}, iteration {int(first_bad) + 1}. Training stops; '
                f'the checkpoints in {runner.work_dir} are of earlier epochs and intact. Lower the learning rate, clip '
                'the gradients (optim_wrapper.clip_grad) or use float32.'
            )
