import math

from torch import Tensor

from ...functional.objectives import soft_cross_entropy
from ...registry import MODELS
from .robust_loss import RobustLoss


@MODELS.register_module()
class GLSLoss(RobustLoss):
    """Generalized label smoothing, ``(1 - r) CE - r mean_k log p_k``: cross entropy of ``(1 - r) target + r / K``.

    `To Smooth or Not? When Label Smoothing Meets Noisy Labels <https://arxiv.org/abs/2106.04149>`_. ``r > 0`` is label
    smoothing; ``r < 0``, negative label smoothing (NLS), rewards low probabilities of the other classes and is, in
    expectation, backward correction of symmetric noise. It has no lower bound then: train with cross entropy first and
    with NLS at a small learning rate, as two terms of :class:`SumLoss`.

    Args:
        smooth_rate (float): r, at most 1. The paper tries 0.8 to -8 and takes the lower ones where more is wrong; choose it on
            noisy validation.
        **kwargs: See :class:`RobustLoss`.

    Raises:
        ValueError: ``smooth_rate`` is above 1 or not finite.
    """

    def __init__(self, smooth_rate: float, **kwargs):
        super().__init__(**kwargs)
        if not (smooth_rate <= 1 and math.isfinite(smooth_rate)):
            raise ValueError(f'GLSLoss: smooth_rate must be a number of at most 1, not {smooth_rate}.')
        self.smooth_rate = smooth_rate

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        return soft_cross_entropy(cls_score, (1 - self.smooth_rate) * target + self.smooth_rate / cls_score.size(1))
