from typing import Optional, Union

import torch
from mmpretrain.models.losses.utils import weight_reduce_loss
from torch import Tensor, nn

from ...datasets.labels import ONE_LABEL
from ...functional.objectives import to_target


def check_numbers(owner: str, least: float = 0, **options) -> None:
    """Refuse options that are no numbers, or below ``least``.

    Raises:
        ValueError: The message names the loss and the option.
    """
    for name, value in options.items():
        # Written so that NaN fails.
        if not isinstance(value, (int, float)) or not value >= least:
            raise ValueError(f'{owner}: {name} must be a number, at least {least}, not {value!r}.')


class RobustLoss(nn.Module):
    """Base of all losses: a subclass writes :meth:`per_sample`, the rest is done here once.

    The call signature is that of mmpretrain's losses, so every loss works in every mmpretrain head. Logits in half
    precision are computed in float32, because ``1e-7`` and most products of probabilities underflow there.

    Args:
        loss_weight (float): Factor on the loss. Defaults to 1.0.
        reduction (str): ``'mean'``, ``'sum'`` or ``'none'``. Defaults to ``'mean'``.

    Raises:
        ValueError: Unknown reduction.
    """

    #: A loss that keeps something per sample sets this; ``SampleAwareClassifier`` then calls it with ``sample_idx``.
    needs_sample_idx = False

    def __init__(self, loss_weight: float = 1.0, reduction: str = 'mean'):
        super().__init__()
        check_numbers(type(self).__name__, loss_weight=loss_weight)
        self._one_label = False
        self.loss_weight = loss_weight
        self.reduction = self._check_reduction(reduction)

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        """The paper's formula.

        Args:
            cls_score (Tensor): Logits, (B, K), float32 or float64.
            target (Tensor): One-hot or soft targets, (B, K), each row summing to 1.

        Returns:
            Tensor: Loss of each sample, (B,).
        """
        raise NotImplementedError

    def forward(
        self,
        cls_score: Tensor,
        label: Tensor,
        weight: Optional[Tensor] = None,
        avg_factor: Optional[Union[int, float]] = None,
        reduction_override: Optional[str] = None,
        **kwargs,
    ) -> Tensor:
        """Loss of a batch.

        Args:
            cls_score (Tensor): Logits, (B, K).
            label (Tensor): Class indices, (B,), or soft targets, (B, K).
            weight (Tensor, optional): Factor on each sample's loss, (B,). With ``avg_factor`` the result is
                ``sum(loss * weight) / avg_factor``: it is not renormalised by the sum of the weights.
            avg_factor (int | float, optional): Divisor of the sum in place of B under ``'mean'``.
            reduction_override (str, optional): Reduction of this call in place of the loss's own.
            **kwargs: Handed to :meth:`per_sample` (``sample_idx`` where ``needs_sample_idx`` is set).

        Returns:
            Tensor: A scalar, or (B,) under ``'none'``.

        Raises:
            ValueError: Unknown reduction, ``avg_factor`` together with ``'sum'``, or, in the first call, targets of several
                labels an image.
        """
        reduction = self._check_reduction(reduction_override or self.reduction)
        if not self._one_label:
            self._check_targets(label)
        if cls_score.dtype in (torch.float16, torch.bfloat16):
            cls_score = cls_score.float()
        # Autocast would bring matrix products inside a formula back to half precision.
        with torch.autocast(cls_score.device.type, enabled=False):
            loss = self.per_sample(cls_score, to_target(label, cls_score), **kwargs)
        if weight is not None:
            weight = weight.to(loss)
        return self.loss_weight * weight_reduce_loss(loss, weight, reduction, avg_factor)

    def _check_targets(self, label: Tensor) -> None:
        """Refuse targets of several labels an image, in the first batch alone: a look at the values stops a GPU."""
        soft = label.float() if label.ndim == 2 and label.size(1) > 1 else None
        if soft is not None and len(soft) and not ((soft.sum(1) - 1).abs() < 0.01).all():
            raise ValueError(
                f'{type(self).__name__}: the targets of an image must sum to 1, the first are {soft[0, :10].tolist()}: {ONE_LABEL}'
            )
        self._one_label = True

    @staticmethod
    def _check_reduction(reduction: str) -> str:
        if reduction not in ('none', 'mean', 'sum'):
            raise ValueError(f"reduction must be 'none', 'mean' or 'sum', not {reduction!r}.")
        return reduction
