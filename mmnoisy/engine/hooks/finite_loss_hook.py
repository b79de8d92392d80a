from typing import List

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from torch import Tensor

from ...registry import HOOKS
from ..model_parts import unwrap


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stops training at a NaN or infinite loss or weight, before a checkpoint of the broken weights can be written.

    The losses are kept on their device, without waiting for them, and looked at together every ``interval`` iterations and
    at the end of the epoch. The weights, which a step can break after a loss that was finite, are checked
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
        self._losses: List[Tensor] = []
        self._first = 0
        self._checked = None

    def before_train_epoch(self, runner) -> None:
        self._losses = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if not self._losses:
            self._first = batch_idx
        # A copy on the device: kept for a few iterations, and looked at together.
        self._losses.append(outputs['loss'].detach().clone())
        if (batch_idx + 1) % self.interval == 0:
            self._check_loss(runner, self._first_bad())

    def after_train_epoch(self, runner) -> None:
        broken = broken_weights(unwrap(runner.model))
        found = torch.stack([self._first_bad(), torch.tensor(-float(len(broken)), dtype=torch.float64)])
        # All ranks stop together: the one that saw the NaN must not leave the others waiting.
        all_reduce(found, 'min')
        self._check_loss(runner, found[0])
        self._check_weights(runner, broken or ['of another rank'] * int(-found[1]))
        self._checked = runner.iter

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        # Checkpoints of iterations; those of an epoch were checked at its end.
        if self._checked == runner.iter:
            return
        self._check_loss(runner, self._first_bad())
        self._check_weights(runner, broken_weights(unwrap(runner.model)))

    def _first_bad(self) -> Tensor:
        """The first iteration of this epoch whose loss is not finite; infinity where all are. A scalar on the CPU."""
        losses, self._losses = self._losses, []
        if not losses:
            return torch.tensor(float('inf'), dtype=torch.float64)
        finite = torch.isfinite(torch.stack(losses)).view(len(losses), -1).all(1).tolist()
        first = float('inf') if all(finite) else float(self._first + finite.index(False))
        return torch.tensor(first, dtype=torch.float64)

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
