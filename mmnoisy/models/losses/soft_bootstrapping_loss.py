from torch import Tensor

from ...registry import MODELS
from .robust_loss import RobustLoss


@MODELS.register_module()
class SoftBootstrappingLoss(RobustLoss):
    """Cross entropy against a mixture of the label and the prediction, ``beta * target + (1 - beta) * p``.

    `Training Deep Neural Networks on Noisy Labels with Bootstrapping <https://arxiv.org/abs/1412.6596>`_. The gradient
    flows through ``p`` in the mixture as well: the paper derives the loss as cross entropy plus minimum entropy
    regularisation, which a detached ``p`` would not be. Soft targets stand in place of the one-hot label.

    Args:
        beta (float): Trust in the label, in [0, 1]. Defaults to 0.95, the paper's value.
        **kwargs: See :class:`RobustLoss`.

    Raises:
        ValueError: ``beta`` outside [0, 1].
    """

    def __init__(self, beta: float = 0.95, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= beta <= 1:
            raise ValueError(f'{type(self).__name__}: beta must be in [0, 1], not {beta}.')
        self.beta = beta

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        log_p = cls_score.log_softmax(1)
        return -((self.beta * target + (1 - self.beta) * log_p.exp()) * log_p).sum(1)
