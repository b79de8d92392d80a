from torch import Tensor

from ...registry import MODELS
from .robust_loss import RobustLoss


@MODELS.register_module()
class AMSELoss(RobustLoss):
    """Asymmetric mean square error, the mean over the classes of ``(p_k - a target_k)^2``.

    `Joint Asymmetric Loss for Learning with Noisy Labels <https://arxiv.org/abs/2507.17692>`_ (JAL). A label scaled by a
    large ``a`` makes it asymmetric: the class that most labels name wins. For one-hot labels it is
    ``(||p||^2 - 2 a p_y + a^2) / K``, so the larger ``a`` is, the closer it is to MAE of weight ``a / K``. JAL-CE is
    ``alpha NCE + beta AMSE`` in :class:`APLLoss`, with an L1 penalty in place of weight decay.

    Args:
        a (float): Value of the label, >= 1: 30 on CIFAR-10 (with alpha 1, beta 1), 20 on CIFAR-100 (5, 1), 30 on WebVision
            (50, 1), 5 on Clothing1M (5, 0.1). Defaults to 30. 1 is the Brier score.
        **kwargs: See :class:`RobustLoss`.

    Raises:
        ValueError: ``a`` below 1.
    """

    def __init__(self, a: float = 30.0, **kwargs):
        super().__init__(**kwargs)
        if not a >= 1:
            raise ValueError(f'AMSELoss: a must be >= 1, not {a}; 1 is the Brier score.')
        self.a = a

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        return (cls_score.softmax(1) - self.a * target).square().mean(1)
