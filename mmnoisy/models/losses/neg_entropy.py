from torch import Tensor

from ...registry import MODELS
from .robust_loss import RobustLoss


@MODELS.register_module()
class NegEntropy(RobustLoss):
    """Confidence penalty: the negative entropy of the prediction, ``sum_k p_k log p_k``, in [-log K, 0].

    `Regularizing Neural Networks by Penalizing Confident Output Distributions <https://arxiv.org/abs/1701.06548>`_;
    DivideMix adds it to the loss of its warm-up. The target is not used. Not a loss on its own: a term of
    :class:`SumLoss`, or added by :class:`mmnoisy.engine.WarmupEntropyPenaltyHook`.
    """

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        log_p = cls_score.log_softmax(1)
        return (log_p.exp() * log_p).sum(1)
