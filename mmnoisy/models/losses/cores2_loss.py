from typing import Optional, Sequence, Tuple, Union

import torch
from mmengine.dist import all_reduce
from torch import Tensor

from ...functional.objectives import soft_cross_entropy
from ...progress import current_epoch, piecewise_linear
from ...registry import MODELS
from .robust_loss import RobustLoss


@MODELS.register_module()
class CORES2Loss(RobustLoss):
    """Confidence regularised sample sieve, ``(CE - beta sum_k prior_k (-log p_k)) / (1 + beta)`` of the samples that pass.

    `Learning with Instance-Dependent Label Noise: A Sample Sieve Approach <https://arxiv.org/abs/2010.02347>`_ (CORES2, its
    first phase). The regulariser favours confident predictions, so that those against the label stand out: from the epoch
    ``sieve_begin`` on, samples are left out whose cross entropy is above the mean of ``-log p_k`` over the classes, and the
    loss of the others grows by B over their number. The prior holds the shares of the classes among the labels that passed
    in the epoch before (uniform in the first); it is in checkpoints, and is that of all ranks.

    Deviations: the official code divides the learning rate by ``1 + beta``; here it is the loss. Soft targets weight the
    terms of CE and count by their shares.

    Args:
        num_classes (int): K.
        beta (float | Sequence[tuple[float, float]]): Weight of the regulariser, >= 0, or its course as pairs of an epoch and
            the weight in it, see :func:`mmnoisy.progress.piecewise_linear`. Defaults to the official code's: 0 for ten
            epochs, then rising to 2 in epoch 39.
        sieve_begin (int, optional): First epoch, from 0, in which samples are left out; never where None. Defaults to 31.
        **kwargs: See :class:`RobustLoss`.

    Raises:
        ValueError: A negative weight, or epochs that do not ascend.
    """

    passed_last: Tensor
    passed: Tensor
    epoch: Tensor

    def __init__(
        self,
        num_classes: int,
        beta: Union[float, Sequence[Tuple[float, float]]] = ((10, 0.0), (39, 2.0)),
        sieve_begin: Optional[int] = 31,
        **kwargs,
    ):
        super().__init__(**kwargs)
        piecewise_linear(0, beta)
        self.beta, self.sieve_begin = beta, sieve_begin
        # Labels that passed, by class: in the last epoch, which makes the prior, and so far in the epoch `epoch`.
        self.register_buffer('passed_last', torch.ones(num_classes))
        self.register_buffer('passed', torch.zeros(num_classes))
        self.register_buffer('epoch', torch.tensor(0))

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        beta = piecewise_linear(current_epoch(), self.beta)
        others = -(cls_score.softmax(1) + 1e-8).log()
        ce = soft_cross_entropy(cls_score, target)
        keep = self._keep(ce.detach(), others.detach().mean(1))
        self._count(target[keep])
        prior = self.passed_last.to(others) / self.passed_last.sum()
        loss = (ce - beta * others @ prior) / (1 + beta)
        # In the loss's own precision: a quotient of integers would be a float32.
        return loss * keep * len(loss) / keep.sum().clamp_min(1)

    def _keep(self, ce: Tensor, mean: Tensor) -> Tensor:
        if self.sieve_begin is None or current_epoch() < self.sieve_begin:
            return torch.ones_like(ce, dtype=torch.bool)
        return ce <= mean

    def _count(self, target: Tensor) -> None:
        if not (self.training and torch.is_grad_enabled()):
            return
        if current_epoch() != self.epoch:
            if self.passed.sum() > 0:
                self.passed_last.copy_(self.passed)
            self.passed.zero_()
            self.epoch.fill_(current_epoch())
        passed = target.detach().sum(0).to(self.passed)
        # In each batch, so that every rank's buffers, and so every checkpoint, hold the counts of all.
        all_reduce(passed)
        self.passed += passed
