import math

from torch import Tensor

from ...functional.objectives import soft_cross_entropy
from ...registry import MODELS
from .rce_loss import RCELoss
from .robust_loss import check_numbers


@MODELS.register_module()
class SCELoss(RCELoss):
    """Symmetric cross entropy, ``alpha * CE + beta * RCE``.

    `Symmetric Cross Entropy for Robust Learning with Noisy Labels <https://arxiv.org/abs/1908.06112>`_. The paper uses
    alpha 0.1, beta 1 on CIFAR-10 and alpha 6, beta 0.1 on CIFAR-100. CE is computed from logits, so that it keeps a
    gradient where the official code clips ``p_y`` at 1e-7. Soft targets: see :class:`RCELoss`.

    Args:
        alpha (float): Weight of cross entropy. Defaults to 0.1.
        beta (float): Weight of reverse cross entropy. Defaults to 1.0.
        A (float): See :class:`RCELoss`. Defaults to ln 1e-4.
        **kwargs: See :class:`RobustLoss`.
    """

    def __init__(self, alpha: float = 0.1, beta: float = 1.0, A: float = math.log(1e-4), **kwargs):
        super().__init__(A=A, **kwargs)
        check_numbers('SCELoss', alpha=alpha, beta=beta)
        self.alpha = alpha
        self.beta = beta

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        return self.alpha * soft_cross_entropy(cls_score, target) + self.beta * super().per_sample(cls_score, target)
