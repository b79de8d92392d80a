import math

from torch import Tensor

from ...registry import MODELS
from .robust_loss import RobustLoss


@MODELS.register_module()
class NNCELoss(RobustLoss):
    """Normalised negative cross entropy, ``1 - (A + log p_y) / sum_k (A + log p_k)`` with ``A = -log min_prob``: in [0, 1].

    `Active Negative Loss Functions for Learning with Noisy Labels
    <https://papers.neurips.cc/paper_files/paper/2023/hash/15f4cefb0e143c7ad9d40e879b0a9d0c-Abstract-Conference.html>`_
    (ANL). It lowers the other classes, weighted by how sure the network is of them, where MAE, as the passive loss of
    :class:`APLLoss`, lowers all alike. The paper's ANL-CE is ``alpha NCE + beta NNCE`` with an L1 penalty of weight delta
    in place of weight decay; alpha, beta and delta are 5, 5, 5e-5 on CIFAR-10 and 10, 1, 5e-7 on CIFAR-100.
    For soft targets it is the expected loss ``sum_k target_k L(k)``.

    Args:
        min_prob (float): Probabilities below it count as it and have no gradient, in (0, 1). Defaults to 1e-7, as in the
            official code.
        **kwargs: See :class:`RobustLoss`.

    Raises:
        ValueError: ``min_prob`` outside (0, 1).
    """

    def __init__(self, min_prob: float = 1e-7, **kwargs):
        super().__init__(**kwargs)
        if not 0 < min_prob < 1:
            raise ValueError(f'NNCELoss: min_prob must be in (0, 1), not {min_prob}.')
        self.log_min = math.log(min_prob)

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        # What a class's negative log probability lacks to its maximum, A.
        lack = cls_score.log_softmax(1).clamp_min(self.log_min) - self.log_min
        return 1 - (target * lack).sum(1) / lack.sum(1)
