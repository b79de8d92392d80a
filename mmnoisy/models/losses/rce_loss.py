import math

from torch import Tensor

from ...registry import MODELS
from .robust_loss import RobustLoss


@MODELS.register_module()
class RCELoss(RobustLoss):
    """Reverse cross entropy, ``-sum_k p_k log(target_k)`` with ``log 0 := A``; ``-A (1 - p_y)`` for one-hot targets.

    `Symmetric Cross Entropy for Robust Learning with Noisy Labels <https://arxiv.org/abs/1908.06112>`_. Soft targets
    need no other definition: ``log target_k`` is cut off at ``A``.

    Args:
        A (float): Value of ``log 0``, negative. Defaults to ln 1e-4 = -9.21, as in the official code, which clips the
            labels at 1e-4.
        **kwargs: See :class:`RobustLoss`.

    Raises:
        ValueError: ``A`` is not negative.
    """

    def __init__(self, A: float = math.log(1e-4), **kwargs):
        super().__init__(**kwargs)
        if not A < 0:
            raise ValueError(f'RCELoss: A stands for log 0 and must be negative, not {A}.')
        self.A = A

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        # The official code clips p as well, which stops the gradient of vanishing probabilities.
        p = cls_score.softmax(1).clamp(1e-7, 1)
        return -(p * target.log().clamp_min(self.A)).sum(1)
