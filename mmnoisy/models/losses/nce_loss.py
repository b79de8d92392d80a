from torch import Tensor

from ...registry import MODELS
from .robust_loss import RobustLoss


@MODELS.register_module()
class NCELoss(RobustLoss):
    """Normalised cross entropy, ``log p_y / sum_k log p_k``, in [0, 1].

    `Normalized Loss Functions for Deep Learning with Noisy Labels <https://arxiv.org/abs/2006.13554>`_. Robust but slow
    to learn on its own: combine it with a passive loss in :class:`APLLoss`. For soft targets it is the expected loss
    ``sum_k target_k log p_k / sum_k log p_k``.
    """

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        log_p = cls_score.log_softmax(1)
        return (target * log_p).sum(1) / log_p.sum(1)
