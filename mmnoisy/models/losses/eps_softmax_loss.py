import torch
from torch import Tensor

from ...registry import MODELS
from .robust_loss import RobustLoss


@MODELS.register_module()
class EpsSoftmaxLoss(RobustLoss):
    """Cross entropy of the epsilon-softmax: m is added to the largest probability, and all are divided by ``m + 1``.

    `epsilon-Softmax: Approximating One-Hot Vectors for Mitigating Label Noise <https://arxiv.org/abs/2508.02387>`_. The
    prediction is then all but one-hot, so that samples whose label is the predicted class have hardly a gradient, and the
    others a bounded loss. The paper adds MAE: ``alpha ECE + beta MAE``, two terms of :class:`SumLoss`.

    Args:
        m (float): Above 0; epsilon is ``1 / (m + 1)``. Defaults to 1e5, the official code's for symmetric noise on
            CIFAR-10.
        min_prob (float): Probabilities below it count as it and have no gradient. With a large m these are many: of
            ``p_y < min_prob (m + 1)``. Defaults to 1e-8, as in the official code.
        **kwargs: See :class:`RobustLoss`.

    Raises:
        ValueError: ``m`` is not above 0.
    """

    def __init__(self, m: float = 1e5, min_prob: float = 1e-8, **kwargs):
        super().__init__(**kwargs)
        if not m > 0:
            raise ValueError(f'EpsSoftmaxLoss: m must be > 0, not {m}; without it, this is cross entropy.')
        self.m, self.min_prob = m, min_prob

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        p = cls_score.softmax(1)
        largest = torch.zeros_like(p).scatter_(1, p.argmax(1, keepdim=True), self.m)
        return -(target * ((p + largest) / (self.m + 1)).clamp_min(self.min_prob).log()).sum(1)
