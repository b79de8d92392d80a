from typing import Optional

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from torch import Tensor

from ...registry import HOOKS
from ..model_parts import unwrap


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stops training at a NaN or infinite loss or weight, before a checkpoint of the broken weights can be written.

    The loss is checked on its device in every iteration without waiting for it; the result is read every ``interval``
    iterations and at the end of the epoch. The weights, which a step can break after a loss that was finite, are checked
    at the end of the epoch and before each checkpoint.

    Args:
        interval (int): Iterations between two reads. Defaults to 10.

    Raises:
        RuntimeError: While training; names the epoch and the iteration, or the weights.
    """

    # Before CheckpointHook (VERY_LOW).
    priority = 'BELOW_NORMAL'

    def __init__(self, interval: int = 10):
        if interval < 1:
            raise ValueError(f'FiniteLossHook: interval must be at least 1, not {interval!r}.')
        self.interval = interval
        self._first_bad: Optional[Tensor] = None
        self._checked = None

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        loss = outputs['loss'].detach()
        if self._first_bad is None:
            self._first_bad = torch.full((), float('inf'), device=loss.device, dtype=torch.float64)
        here = torch.where(torch.isfinite(loss).all(), float('inf'), float(batch_idx)).to(self._first_bad)
        self._first_bad = torch.minimum(self._first_bad, here)
        if (batch_idx + 1) % self.interval == 0:
            self._check_loss(runner, self._first_bad)

    def after_train_epoch(self, runner) -> None:
        broken = broken_weights(unwrap(runner.model))
        if self._first_bad is not None:
            found = torch.stack([self._first_bad, torch.full_like(self._first_bad, -len(broken))])
            # All ranks stop together: the one that saw the NaN must not leave the others waiting.
            all_reduce(found, 'min')
            self._check_loss(runner, found[0])
            broken = broken or ['of another rank'] * int(-found[1])
        self._check_weights(runner, broken)
        self._checked = runner.iter

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        # Checkpoints of iterations; those of an epoch were checked at its end.
        if self._checked == runner.iter:
            return
        if self._first_bad is not None:
            self._check_loss(runner, self._first_bad)
        self._check_weights(runner, broken_weights(unwrap(runner.model)))

    def _check_loss(self, runner, first_bad) -> None:
        if torch.isfinite(first_bad):
            self._stop(runner, f'The loss is not finite in epoch {runner.epoch + 1}, iteration {int(first_bad) + 1}')

    def _check_weights(self, runner, broken: list) -> None:
        if broken:
            self._stop(
                runner,
                f'{len(broken)} tensors of weights are not finite after iteration {runner.iter}, the first is {broken[0]}',
            )

    def _stop(self, runner, what: str) -> None:
        raise RuntimeError(
            f'{what}. Training stops; the checkpoints in {runner.work_dir} are of earlier epochs and intact. Lower the '
            'learning rate, clip the gradients (optim_wrapper.clip_grad) or use float32.'
        )


def broken_weights(model) -> list:
    """Names of the parameters that hold a NaN or an infinite number."""
    weights = {name: weight for name, weight in model.named_parameters() if weight.is_floating_point()}
    if not weights:
        return []
    # One read for all of them.
    finite = torch.stack([torch.isfinite(weight).all() for weight in weights.values()]).tolist()
    return [name for name, fine in zip(weights, finite) if not fine]
