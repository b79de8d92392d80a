from torch import Tensor

from ...progress import current_epoch
from ...registry import MODELS
from .gce_loss import GCELoss
from .robust_loss import check_numbers


@MODELS.register_module()
class TruncatedGCELoss(GCELoss):
    """GCE that drops samples with ``p_y <= k``: their loss is the constant ``(1 - k^q) / q``.

    `Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels
    <https://arxiv.org/abs/1805.07836>`_, section 3.3. Before ``begin_epoch`` it is plain GCE: an untrained network has
    ``p_y <= k`` almost everywhere and would not learn.

    Deviation: this is the paper's definition of the loss, decided by the current prediction in every iteration. The
    paper optimises it by alternation, with 0/1 weights that are found every 10 epochs by the model that is best on
    validation and stay fixed in between.

    Args:
        begin_epoch (int): First epoch, from 0, in which samples are dropped. The paper prunes from 40 of 120 epochs.
        k (float): Threshold on ``p_y``, in (0, 1). Defaults to 0.5, the paper's value.
        q (float): See :class:`GCELoss`. Defaults to 0.7.
        **kwargs: See :class:`RobustLoss`.

    Raises:
        ValueError: ``k`` outside (0, 1), or ``q`` outside (0, 1].
    """

    def __init__(self, begin_epoch: int, k: float = 0.5, q: float = 0.7, **kwargs):
        super().__init__(q=q, **kwargs)
        if not 0 < k < 1:
            raise ValueError(f'TruncatedGCELoss: k must be in (0, 1), not {k}.')
        check_numbers('TruncatedGCELoss', begin_epoch=begin_epoch)
        self.begin_epoch = begin_epoch
        self.k = k

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        loss = super().per_sample(cls_score, target)
        if current_epoch() < self.begin_epoch:
            return loss
        # No gradient flows through a clamped value: the sample is dropped, its constant stays in the sum.
        return loss.clamp_max((1 - self.k**self.q) / self.q)
