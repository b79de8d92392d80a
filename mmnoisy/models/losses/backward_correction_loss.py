import numpy as np
import torch
from torch import Tensor

from ...registry import MODELS
from .transition_loss import TransitionLoss


@MODELS.register_module()
class BackwardCorrectionLoss(TransitionLoss):
    """Backward correction, ``e_y^T T^{-1} (-log p)``: unbiased for the loss on clean labels, and can be negative.

    `Making Deep Neural Networks Robust to Label Noise: a Loss Correction Approach <https://arxiv.org/abs/1609.03683>`_.
    Soft targets take the place of ``e_y``. See :class:`TransitionLoss` for the arguments.

    Args:
        max_condition (float): Largest condition number of T that is inverted. Defaults to 1e4.
        **kwargs: See :class:`TransitionLoss`.

    Raises:
        ValueError: T cannot be inverted.
    """

    def __init__(self, *args, max_condition: float = 1e4, **kwargs):
        self.max_condition = max_condition
        super().__init__(*args, **kwargs)

    def set_transition(self, transition: np.ndarray) -> None:
        super().set_transition(transition)
        condition = np.linalg.cond(np.asarray(transition, dtype=np.float64))
        if not condition <= self.max_condition:
            raise ValueError(
                f'BackwardCorrectionLoss: T has the condition number {condition:.3g} > {self.max_condition:g}: it is '
                'singular or nearly so and cannot be inverted. Use ForwardCorrectionLoss, which needs no inverse.'
            )

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        # (target T^{-1})_j weighs the loss of class j.
        weight = torch.linalg.solve(self.transition.to(cls_score), target, left=False)
        return -(weight * cls_score.log_softmax(1)).sum(1)
