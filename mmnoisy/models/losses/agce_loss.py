from torch import Tensor

from ...registry import MODELS
from .robust_loss import RobustLoss


@MODELS.register_module()
class AGCELoss(RobustLoss):
    """Asymmetric generalized cross entropy, ``((a + 1)^q - (a + p_y)^q) / q``.

    `Asymmetric Loss Functions for Learning with Noisy Labels <https://arxiv.org/abs/2106.03110>`_. Asymmetric losses follow
    the class that most labels of an image would name, which suffices where the true one is that class. ``a -> 0`` is
    :class:`GCELoss`. For soft targets ``p_y`` is the expected probability ``sum_k target_k p_k``.

    Args:
        a (float): Above 0. Defaults to 0.6, the official code's for CIFAR; beside NCE it is 6 on CIFAR-10.
        q (float): Above 0. Defaults to 0.6, the official code's for CIFAR; beside NCE it is 1.5 on CIFAR-10.
        **kwargs: See :class:`RobustLoss`.

    Raises:
        ValueError: ``a`` or ``q`` is not above 0.
    """

    def __init__(self, a: float = 0.6, q: float = 0.6, **kwargs):
        super().__init__(**kwargs)
        if not (a > 0 and q > 0):
            raise ValueError(f'AGCELoss: a and q must be > 0, not {a} and {q}. For a = 0 use GCELoss.')
        self.a, self.q = a, q

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        p = (cls_score.softmax(1) * target).sum(1)
        return ((self.a + 1) ** self.q - (self.a + p) ** self.q) / self.q
