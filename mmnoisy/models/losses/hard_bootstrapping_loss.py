import torch.nn.functional as F
from torch import Tensor

from ...functional.objectives import soft_cross_entropy
from ...registry import MODELS
from .soft_bootstrapping_loss import SoftBootstrappingLoss


@MODELS.register_module()
class HardBootstrappingLoss(SoftBootstrappingLoss):
    """Cross entropy against a mixture of the label and the predicted class, ``beta * target + (1 - beta) * onehot``.

    `Training Deep Neural Networks on Noisy Labels with Bootstrapping <https://arxiv.org/abs/1412.6596>`_. The predicted
    class is a constant: no gradient flows through it. Soft targets stand in place of the one-hot label.

    Args:
        beta (float): Trust in the label, in [0, 1]. Defaults to 0.8, the paper's value.
        **kwargs: See :class:`RobustLoss`.
    """

    def __init__(self, beta: float = 0.8, **kwargs):
        super().__init__(beta=beta, **kwargs)

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        predicted = F.one_hot(cls_score.argmax(1), cls_score.size(1)).to(cls_score)
        return soft_cross_entropy(cls_score, self.beta * target + (1 - self.beta) * predicted)
