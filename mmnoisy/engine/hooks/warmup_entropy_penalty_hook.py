from typing import List

import torch
from mmengine.hooks import Hook
from torch import Tensor, nn

from ...models.losses import NegEntropy
from ...registry import HOOKS
from ..model_parts import loss_modules, unwrap
from ..preflight import epochs_are_counted, refuse

_SCALAR = 'train/neg_entropy'


@HOOKS.register_module()
class WarmupEntropyPenaltyHook(Hook):
    """Adds the confidence penalty ``weight * sum_k p_k log p_k`` to whatever loss the model has, during warm-up only.

    From `DivideMix <https://arxiv.org/abs/2002.07394>`_: under asymmetric noise a network grows confident in wrong
    labels early. The penalty is a sample's own: it is weighted and reduced as the loss in the same call, so a
    small-loss selection sees it too. Passes without gradient, such as a sweep that measures losses, do without it. The
    mean of ``sum_k p_k log p_k`` is logged as ``neg_entropy``, averaged over the loss modules.

    For single-label losses, which take logits (B, K) as their first argument.

    Args:
        warmup_epochs (int): Number of epochs with the penalty, >= 0.
        weight (float): Factor on the penalty. Defaults to 1.0.

    Raises:
        ValueError: Negative ``warmup_epochs``; when training starts, a model without a ``loss_module`` or a loop that
            is not the epoch loop.
    """

    def __init__(self, warmup_epochs: int, weight: float = 1.0):
        if warmup_epochs < 0:
            raise ValueError(f'WarmupEntropyPenaltyHook: warmup_epochs must be >= 0, not {warmup_epochs}.')
        self.warmup_epochs = warmup_epochs
        self.weight = weight
        self._handles = []
        self._seen: List[Tensor] = []

    def preflight(self, runner) -> List[str]:
        """What is wrong with the run for this hook."""
        problems = epochs_are_counted('WarmupEntropyPenaltyHook', runner)
        if not loss_modules(unwrap(runner.model)):
            problems.append(
                'WarmupEntropyPenaltyHook: no part of the model has a loss_module, as mmpretrain heads have.'
            )
        return problems

    def before_train(self, runner) -> None:
        refuse(self.preflight(runner))

    def before_train_epoch(self, runner) -> None:
        if runner.epoch < self.warmup_epochs:
            self._handles = [
                module.register_forward_hook(self._add_penalty, with_kwargs=True)
                for module in loss_modules(unwrap(runner.model))
            ]
        else:
            # The logger would go on printing the last value.
            runner.message_hub.log_scalars.pop(_SCALAR, None)

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if self._seen:
            runner.message_hub.update_scalar(_SCALAR, torch.stack(self._seen).mean())
            self._seen.clear()

    def after_train_epoch(self, runner) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _add_penalty(self, module: nn.Module, args: tuple, kwargs: dict, loss: Tensor) -> Tensor:
        """Forward hook: ``loss`` plus the penalty of the same logits, in the same shape."""
        if not torch.is_grad_enabled():
            return loss
        names = ('cls_score', 'label', 'weight', 'avg_factor', 'reduction_override')
        call = {**dict(zip(names, args)), **{name: kwargs[name] for name in names if name in kwargs}}
        penalty = NegEntropy(reduction=getattr(module, 'reduction', 'mean'))
        self._seen.append(penalty(call['cls_score'].detach(), call['label'], reduction_override='none').mean())
        return loss + self.weight * penalty(**call)
