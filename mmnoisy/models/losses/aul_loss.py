from torch import Tensor

from ...registry import MODELS
from .robust_loss import RobustLoss


@MODELS.register_module()
class AULLoss(RobustLoss):
    """Asymmetric unhinged loss, ``((a - p_y)^q - (a - 1)^q) / q``.

    `Asymmetric Loss Functions for Learning with Noisy Labels <https://arxiv.org/abs/2106.03110>`_. ``q = 1`` is
    ``1 - p_y`` (MAE / 2); above it, the loss weighs low ``p_y`` more. For soft targets ``p_y`` is the expected probability
    ``sum_k target_k p_k``.

    Args:
        a (float): Above 1. Defaults to 5.5, the official code's for CIFAR; beside NCE it is 6.3 on CIFAR-10.
        q (float): Above 0. Defaults to 3, the official code's for CIFAR; beside NCE it is 1.5 on CIFAR-10.
        **kwargs: See :class:`RobustLoss`.

    Raises:
        ValueError: ``a`` is not above 1, or ``q`` not above 0.
    """

    def __init__(self, a: float = 5.5, q: float = 3.0, **kwargs):
        super().__init__(**kwargs)
        if not (a > 1 and q > 0):
            raise ValueError(f'AULLoss: a must be > 1 and q > 0, not {a} and {q}.')
        self.a, self.q = a, q

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        p = (cls_score.softmax(1) * target).sum(1)
        return ((self.a - p) ** self.q - (self.a - 1) ** self.q) / self.q
