from typing import Optional, Sequence

from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from torch import Tensor, nn

from ...progress import current_epoch
from ...registry import MODELS
from .robust_loss import RobustLoss


@MODELS.register_module()
class SumLoss(RobustLoss):
    """Weighted sum of losses, each within its own range of epochs.

    Any loss with mmpretrain's signature can be a term, of this package or upstream's. A term's weight is its own
    ``loss_weight``. In an epoch without any term the loss is 0.

    Args:
        terms (Sequence[dict]): Each has ``loss`` (a loss config) and optionally ``begin`` (first epoch, from 0;
            default 0) and ``end`` (the epoch before which it stops; default None, never).
        **kwargs: See :class:`RobustLoss`.

    Example:
        >>> loss = dict(
        ...     type='mmnoisy.SumLoss',
        ...     terms=[
        ...         dict(loss=dict(type='mmnoisy.GCELoss')),
        ...         dict(loss=dict(type='mmnoisy.NegEntropy', loss_weight=0.5), end=10),
        ...     ])

    Raises:
        ValueError: No terms, a term without ``loss`` or with an unknown key, or an empty range of epochs.
    """

    def __init__(self, terms: Sequence[dict], **kwargs):
        super().__init__(**kwargs)
        if not terms:
            raise ValueError('SumLoss: terms is empty.')
        self.losses = nn.ModuleList()
        self.ranges = []
        for i, term in enumerate(terms):
            self._add_term(i, **term)
        self.needs_sample_idx = any(getattr(loss, 'needs_sample_idx', False) for loss in self.losses)

    def _add_term(self, i: int, loss: Optional[dict] = None, begin: int = 0, end: Optional[int] = None, **unknown):
        if loss is None or unknown:
            raise ValueError(
                f'SumLoss: term {i} needs the key loss and may have begin and end'
                f'{"; unknown: " + ", ".join(map(repr, unknown)) if unknown else ""}.'
            )
        if end is not None and end <= begin:
            raise ValueError(f'SumLoss: term {i} ends in epoch {end}, before it begins in epoch {begin}.')
        self.losses.append(MMPRETRAIN_MODELS.build(loss))
        self.ranges.append((begin, float('inf') if end is None else end))

    def per_sample(self, cls_score: Tensor, target: Tensor, **kwargs) -> Tensor:
        # Stays in the graph, so that backward works where no term is due.
        total = 0 * cls_score.sum(1)
        for loss, (begin, end) in zip(self.losses, self.ranges):
            if begin <= current_epoch() < end:
                extra = kwargs if getattr(loss, 'needs_sample_idx', False) else {}
                total = total + loss(cls_score, target, reduction_override='none', **extra)
        return total
