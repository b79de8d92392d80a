from torch import Tensor

from ...registry import MODELS
from .robust_loss import RobustLoss


@MODELS.register_module()
class AELLoss(RobustLoss):
    """Asymmetric exponential loss, ``exp(-p_y / a)``.

    `Asymmetric Loss Functions for Learning with Noisy Labels <https://arxiv.org/abs/2106.03110>`_. For soft targets ``p_y``
    is the expected probability ``sum_k target_k p_k``. Its least value is ``exp(-1 / a)``, not 0.

    Args:
        a (float): Above 0. Defaults to 2.5, the official code's for CIFAR; beside NCE it is 5 on CIFAR-10.
        **kwargs: See :class:`RobustLoss`.

    Raises:
        ValueError: ``a`` is not above 0.
    """

    def __init__(self, a: float = 2.5, **kwargs):
        super().__init__(**kwargs)
        if not a > 0:
            raise ValueError(f'AELLoss: a must be > 0, not {a}.')
        self.a = a

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        return (-(cls_score.softmax(1) * target).sum(1) / self.a).exp()
