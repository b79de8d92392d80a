from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import _ParamScheduler

from ..registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class InverseTimeLR(LRSchedulerMixin, _ParamScheduler):
    """Learning rate ``lr / (1 + decay * t)``, as ``decay=`` of Keras's optimizers, with t in iterations or epochs.

    It multiplies what other schedulers set.

    Args:
        optimizer (Optimizer | OptimWrapper): Its learning rate is changed.
        decay (float): >= 0.
        **kwargs: ``begin``, ``end``, ``last_step`` and ``by_epoch`` of mmengine's schedulers.

    Raises:
        ValueError: A negative ``decay``.
    """

    def __init__(self, optimizer, decay: float, **kwargs):
        if decay < 0:
            raise ValueError(f'InverseTimeLR: decay must be >= 0, not {decay}.')
        self.decay = decay
        super().__init__(optimizer, **kwargs)

    def _get_value(self) -> list:
        values = [group[self.param_name] for group in self.optimizer.param_groups]
        if self.last_step == 0:
            return values
        factor = (1 + self.decay * (self.last_step - 1)) / (1 + self.decay * self.last_step)
        return [value * factor for value in values]
