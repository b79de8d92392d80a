from torch import Tensor

from ...registry import MODELS
from .robust_loss import RobustLoss


@MODELS.register_module()
class MAELoss(RobustLoss):
    """Mean absolute error between probabilities and the one-hot label, ``sum_k |p_k - 1{k = y}| = 2 - 2 p_y``.

    `Robust Loss Functions under Label Noise for Deep Neural Networks <https://arxiv.org/abs/1712.09482>`_. It is twice
    :class:`GCELoss` with ``q = 1``; some codes use that reduced form, ``1 - p_y``. For soft targets it is the expected
    loss ``sum_k target_k (2 - 2 p_k)``, not the distance between the two distributions.
    """

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        return 2 - 2 * (cls_score.softmax(1) * target).sum(1)
