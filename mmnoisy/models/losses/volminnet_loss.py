from typing import Optional, Sequence, Union

import numpy as np
import torch
from torch import Tensor, nn

from ...registry import MODELS
from .robust_loss import check_numbers
from .transition_loss import TransitionLoss


@MODELS.register_module()
class VolMinNetLoss(TransitionLoss):
    """Forward correction by a transition matrix that is learnt with the network, ``-log (T^T p)_y + lam log |det T|``.

    `Provably End-to-end Label-Noise Learning without Anchor Points <https://arxiv.org/abs/2102.02400>`_ (VolMinNet). Of all
    T that explain the noisy labels the one of the smallest volume is the noise's. ``T[i, j]`` is 1 on the diagonal and
    ``sigmoid(w[i, j])`` elsewhere, before each row is divided by its sum: no label is more frequent in a class than the right
    one. T has its own learning rate and no weight decay in the official code:
    ``optim_wrapper=dict(paramwise_cfg=dict(custom_keys={'loss_module.w': dict(lr_mult=..., decay_mult=0)}))``.

    The volume belongs to no sample: each one's loss has it once, so that the mean has, too. The buffer ``transition`` holds T
    as the last training step used it, for checkpoints and :class:`mmnoisy.TransitionErrorHook`.

    Args:
        num_classes (int): K.
        transition (dict | str | Sequence[Sequence[float]], optional): Where T begins, see :class:`TransitionLoss`; entries off
            the diagonal count as at most that on it. Defaults to None: ``start`` says it.
        start (float): w at the beginning. -2 puts 0.48 on the diagonal for 10 classes, -4.5 for 100. Defaults to -2.
        volume_weight (float): lam, >= 0. Defaults to 1e-4.
        **kwargs: See :class:`RobustLoss`.

    Raises:
        ValueError: A negative ``volume_weight``, or not a transition matrix of K classes.
    """

    def __init__(
        self,
        num_classes: int,
        transition: Optional[Union[dict, str, Sequence[Sequence[float]]]] = None,
        start: float = -2.0,
        volume_weight: float = 1e-4,
        **kwargs,
    ):
        super().__init__(num_classes, transition, **kwargs)
        check_numbers('VolMinNetLoss', volume_weight=volume_weight)
        self.volume_weight = volume_weight
        self.w = nn.Parameter(torch.full((num_classes, num_classes), float(start)))
        if transition is None:
            self.transition.copy_(self.matrix(self.w).detach())
        else:
            self.set_transition(self.transition.double().numpy())

    def set_transition(self, transition: np.ndarray) -> None:
        super().set_transition(transition)
        # The base class sets T before there is a w.
        if 'w' in self._parameters:
            ratio = self.transition / self.transition.diagonal()[:, None].clamp_min(1e-4)
            with torch.no_grad():
                self.w.copy_(ratio.clamp(1e-4, 1 - 1e-4).logit())
                self.transition.copy_(self.matrix(self.w))

    @staticmethod
    def matrix(w: Tensor) -> Tensor:
        """T of the parameter w, (K, K): rows sum to 1, the largest entry of each is on the diagonal."""
        identity = torch.eye(len(w)).to(w)
        matrix = identity + w.sigmoid() * (1 - identity)
        return matrix / matrix.sum(1, keepdim=True)

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        matrix = self.matrix(self.w.to(cls_score))
        if torch.is_grad_enabled():
            self.transition.copy_(matrix.detach())
        noisy = (cls_score.softmax(1) @ matrix).clamp_min(1e-30)
        return -(target * noisy.log()).sum(1) + self.volume_weight * torch.linalg.slogdet(matrix).logabsdet
