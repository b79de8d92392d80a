from typing import Optional

import torch
from torch import Tensor

from ...functional.objectives import soft_cross_entropy
from ...progress import current_iter, sigmoid_ramp
from ...registry import MODELS
from .table_loss import SampleTableLoss


@MODELS.register_module()
class ELRLoss(SampleTableLoss):
    """Early-learning regularization, ``CE + lambda log(1 - <t_i, p_i>)`` with ``t_i <- beta t_i + (1 - beta) p_i``.

    `Early-Learning Regularization Prevents Memorization of Noisy Labels <https://arxiv.org/abs/2007.00151>`_. ``t_i``
    starts at 0, averages the predictions for sample i and has no gradient; ``p`` is kept in [1e-4, 1 - 1e-4] and
    normalised for the average. What the targets take in memory: :class:`SampleTableLoss`.

    Args:
        num_classes (int): K.
        lam (float): Factor of the regulariser, >= 0. Defaults to 3, the paper's for CIFAR-10.
        beta (float): Momentum of the targets, in [0, 1). Defaults to 0.7.
        ramp_iters (int): Iterations over which ``lam`` grows (:func:`sigmoid_ramp`); 40,000 in the official ELR+ for
            CIFAR-100. Defaults to 0: no ramp.
        refine_labels (bool): The label of the cross entropy is ``y t``, normalised. Not in the paper; the official
            ELR+ does it on CIFAR-100. Defaults to False.
        **kwargs: See :class:`SampleTableLoss`.

    Raises:
        ValueError: A bad option; a call without ``sample_idx``; another N than the checkpoint's.
        RuntimeError: Several ranks without the hook.
    """

    def __init__(
        self,
        num_classes: int,
        lam: float = 3.0,
        beta: float = 0.7,
        ramp_iters: int = 0,
        refine_labels: bool = False,
        **kwargs,
    ):
        super().__init__(num_classes, **kwargs)
        if lam < 0 or not 0 <= beta < 1 or ramp_iters < 0:
            raise ValueError(
                f'ELRLoss: lam and ramp_iters must be >= 0 and beta in [0, 1), not {lam}, {ramp_iters} and {beta}.'
            )
        self.lam, self.beta, self.ramp_iters, self.refine_labels = lam, beta, ramp_iters, refine_labels

    def update(self, sample_idx: Tensor, probability: Tensor, floor: float = 1e-4) -> Tensor:
        """Move the targets of samples (B,) towards predictions (B, K); returns them, (B, K), without gradient.

        The predictions are kept in [floor, 1 - floor] and normalised, as in the official ELR; that of ELR+ does not
        bound them (0).
        """
        average = self.rows(sample_idx).to(probability)
        if self.learns():
            p = probability.detach().clamp(floor, 1 - floor)
            average = self.beta * average + (1 - self.beta) * p / p.sum(1, keepdim=True)
            self.write(sample_idx, average)
        return average

    def per_sample(
        self,
        cls_score: Tensor,
        target: Tensor,
        sample_idx: Optional[Tensor] = None,
        average: Optional[Tensor] = None,
    ) -> Tensor:
        """See :class:`RobustLoss`; ``average`` (B, K) takes the place of the samples' own targets (ELR+)."""
        p = cls_score.softmax(1)
        if average is None:
            average = self.update(sample_idx, p)
        if self.refine_labels:
            target = target * average
            target = target / target.sum(1, keepdim=True).clamp_min(torch.finfo(target.dtype).tiny)
        agreement = (average * p.clamp(1e-4, 1 - 1e-4)).sum(1)
        lam = self.lam * sigmoid_ramp(current_iter(), self.ramp_iters)
        return soft_cross_entropy(cls_score, target) + lam * (1 - agreement).log()

    def label_distribution(self, sample_idx: Tensor, label: Tensor) -> Tensor:
        rows = self.rows(sample_idx)
        return rows / rows.sum(1, keepdim=True)
