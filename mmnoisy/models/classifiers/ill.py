from typing import List

import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ...functional.objectives import soft_cross_entropy
from ...registry import MODELS
from ...stamps import read_targets
from ..losses.robust_loss import check_numbers
from .sample_aware import SampleAwareClassifier
from .semi_supervised import check_views


@MODELS.register_module()
class ILL(SampleAwareClassifier):
    """Imprecise label learning: the true class is a hidden variable, a given label one draw from its row of a learnt matrix.

    `Imprecise Label Learning: A Unified Framework for Learning with Various Imprecise Label Configurations
    <https://arxiv.org/abs/2305.12715>`_ (noisy labels). With p of the weak view, s of the strong view and a matrix M of the
    parameter ``noise``, normalised by columns and rows and scaled: ``loss_noise`` is cross entropy of ``p softmax_rows(M)`` with
    the label, ``loss_em`` cross entropy of the strong view's posterior of the class given the label with the weak view's, without
    gradient through that and through M, ``loss_consistency`` cross entropy of s with p. As in the official code M is a softmax
    over the labels in the posterior and one over the classes in ``loss_noise``. The head's own loss is not used.

    M learns with the network's optimizer; in the official code it has SGD of its own without momentum or weight decay:
    ``optim_wrapper=dict(paramwise_cfg=dict(custom_keys={'noise': dict(lr_mult=0.1, decay_mult=0)}))``.

    Args:
        *args: See :class:`SampleAwareClassifier`.
        scale (float): Of M before the softmax, > 0: the larger, the less noise. The official code's is 1 for 10 classes, 2 for
            100, 2.5 for WebVision and 0.5 for Clothing1M. Defaults to 1.
        balance_weight (float): Weight of cross entropy of the batch's mean prediction with a uniform one, >= 0. Defaults to 0.1.
        **kwargs: See :class:`SampleAwareClassifier`.

    Raises:
        ValueError: An option out of range; training batches that have not two views, the weak one first.
    """

    def __init__(self, *args, scale: float = 1.0, balance_weight: float = 0.1, **kwargs):
        super().__init__(*args, **kwargs)
        check_numbers('ILL', scale=scale, balance_weight=balance_weight)
        self.scale, self.balance_weight = scale, balance_weight
        self.noise = nn.Parameter(torch.eye(self.head.num_classes))

    def matrix(self) -> Tensor:
        """M, (K, K): rows are classes, columns labels."""
        return F.normalize(F.normalize(self.noise, dim=0), dim=1) * self.scale

    def loss(self, inputs: Tensor, data_samples: List[DataSample]) -> dict:
        """``loss_noise``, ``loss_em``, ``loss_consistency``, ``loss_balance`` and the penalties; inputs (2, B, C, H, W)."""
        self.check_inputs(inputs)
        logits = self(inputs.flatten(0, 1), mode='tensor')
        logits = logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
        weak, strong = logits.chunk(2)
        target = read_targets(data_samples, logits.size(1), inputs.device).to(logits)
        # Products of probabilities underflow in half precision.
        with torch.autocast(inputs.device.type, enabled=False):
            losses = self._terms(weak, strong, target)
        return dict(losses, **self.penalty_losses())

    def _terms(self, weak: Tensor, strong: Tensor, target: Tensor) -> dict:
        p, matrix = weak.softmax(1), self.matrix().to(weak)
        # P(label | class), at the given label: (B, K).
        likelihood = target @ matrix.softmax(1).detach().T
        posterior = (p.detach() * likelihood) / (p.detach() * likelihood).sum(1, keepdim=True)
        strong_posterior = (strong.log_softmax(1) + likelihood.log()).log_softmax(1)
        noisy = p @ matrix.softmax(0)
        noisy = noisy / noisy.sum(1, keepdim=True)
        balance = -p.mean(0).clamp(1e-6, 1).log().mean()
        return dict(
            loss_noise=-(target * noisy.log()).sum(1).mean(),
            loss_em=-(posterior * strong_posterior).sum(1).mean(),
            loss_consistency=soft_cross_entropy(strong, p.detach()).mean(),
            loss_balance=self.balance_weight * balance,
        )

    def check_inputs(self, inputs: Tensor) -> None:
        """Refuse images that are not of two views."""
        check_views(self, inputs, 2)
