from typing import Optional, Sequence

import torch.nn.functional as F
from torch import Tensor

from ...functional.objectives import soft_cross_entropy
from ...progress import current_epoch
from ...registry import MODELS
from .table_loss import SampleTableLoss

#: Logit of the given label at the start; the others are 0.
_START = 10.0


@MODELS.register_module()
class PENCILLoss(SampleTableLoss):
    """PENCIL: the label of each sample is a distribution ``s = softmax(y~)`` that is learnt with the network.

    `Probabilistic End-to-end Noise Correction for Learning with Noisy Labels <https://arxiv.org/abs/1903.07788>`_.
    ``y~`` starts at 10 times the one-hot label y. Before epoch ``begin`` the loss is cross entropy with y. Then it is
    ``KL(p || s) / K + alpha CE(s, y) + beta H(p) / K``, and y~ goes down its gradient. From epoch ``end`` on it is
    ``KL(p || s) / K`` with y~ as it is. The divisions by K are the paper's; the official code makes them by means over
    (B, K) entries.

    The compatibility term ``CE(s, y)`` is the official code's, which hands s to a cross entropy that takes a softmax
    itself: ``-log softmax(s)_y``. With the single softmax that the paper prints, ``-log s_y``, a label can only be
    overruled where ``alpha < 1 / K``, which its settings (0.1 and 0.4 with 10 classes) are not.

    Stored is ``y~ - 10 y``, for which half precision is finer than for y~ itself; see :class:`SampleTableLoss`.

    Args:
        num_classes (int): K.
        stages (Sequence[int]): ``(begin, end)``, 0 <= begin < end: epochs (from 0) before which y~ stays at its start,
            and from which it stays as it is. Defaults to (70, 200), the paper's of 320.
        alpha (float): Weight of the compatibility, >= 0. Defaults to 0.4.
        beta (float): Weight of the entropy, >= 0. Defaults to 0.1.
        label_lr (float): Step along the gradient of a sample's own loss, >= 0. The official ``lambda1`` multiplies the
            gradient of the batch's mean: its 600 with batch 128 is 4.7 here, at any batch size. Defaults to 4.7.
        single_softmax (bool): The compatibility term as printed in the paper. Defaults to False.
        **kwargs: See :class:`SampleTableLoss`.

    Raises:
        ValueError: A bad option; a call without ``sample_idx``; another N than the checkpoint's.
        RuntimeError: Several ranks without the hook.
    """

    def __init__(
        self,
        num_classes: int,
        stages: Sequence[int] = (70, 200),
        alpha: float = 0.4,
        beta: float = 0.1,
        label_lr: float = 4.7,
        single_softmax: bool = False,
        **kwargs,
    ):
        super().__init__(num_classes, **kwargs)
        if len(stages) != 2 or not 0 <= stages[0] < stages[1]:
            raise ValueError(f'PENCILLoss: stages must be (begin, end) with 0 <= begin < end, not {tuple(stages)}.')
        if min(alpha, beta, label_lr) < 0:
            raise ValueError(f'PENCILLoss: alpha, beta and label_lr must be >= 0, not {alpha}, {beta} and {label_lr}.')
        self.begin, self.end = stages
        self.alpha, self.beta, self.label_lr, self.single_softmax = alpha, beta, label_lr, single_softmax

    def per_sample(self, cls_score: Tensor, target: Tensor, sample_idx: Optional[Tensor] = None) -> Tensor:
        self.check_index(sample_idx)
        epoch = current_epoch()
        if epoch < self.begin:
            return soft_cross_entropy(cls_score, target)
        shift = self.rows(sample_idx).to(cls_score)
        log_s = (_START * target + shift).log_softmax(1)
        log_p = cls_score.log_softmax(1)
        p = log_p.exp()
        divergence = (p * (log_p - log_s)).sum(1) / self.num_classes
        if epoch >= self.end:
            return divergence
        if self.learns():
            self.write(sample_idx, shift - self.label_lr * self._gradient(p.detach(), log_s.exp(), target))
        compatibility = soft_cross_entropy(log_s if self.single_softmax else log_s.exp(), target)
        entropy = -(p * log_p).sum(1) / self.num_classes
        return divergence + self.alpha * compatibility + self.beta * entropy

    def label_distribution(self, sample_idx: Tensor, label: Tensor) -> Tensor:
        shift = self.rows(sample_idx)
        return (_START * F.one_hot(label, self.num_classes) + shift).softmax(1)

    def _gradient(self, p: Tensor, s: Tensor, target: Tensor) -> Tensor:
        """Gradient of the loss with respect to y~, (B, K)."""
        if self.single_softmax:
            compatibility = s - target
        else:
            outer = s.softmax(1) - target
            compatibility = s * (outer - (s * outer).sum(1, keepdim=True))
        return (s - p) / self.num_classes + self.alpha * compatibility
