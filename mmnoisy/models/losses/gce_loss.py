from torch import Tensor

from ...registry import MODELS
from .robust_loss import RobustLoss


@MODELS.register_module()
class GCELoss(RobustLoss):
    """Generalized cross entropy, ``(1 - p_y^q) / q``.

    `Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels
    <https://arxiv.org/abs/1805.07836>`_. ``q -> 0`` is cross entropy, ``q = 1`` is ``1 - p_y`` (MAE / 2).
    For soft targets ``p_y`` is the expected probability ``sum_k target_k p_k``.

    Args:
        q (float): In (0, 1]. Defaults to 0.7, the paper's value.
        **kwargs: See :class:`RobustLoss`.

    Raises:
        ValueError: ``q`` outside (0, 1].
    """

    def __init__(self, q: float = 0.7, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(q, (int, float)) or not 0 < q <= 1:
            raise ValueError(f'GCELoss: q must be in (0, 1], not {q}. For q -> 0 use CrossEntropyLoss.')
        self.q = q

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        p = (cls_score.softmax(1) * target).sum(1)
        # The gradient of p^q is infinite at 0.
        return (1 - p.clamp_min(1e-7) ** self.q) / self.q
