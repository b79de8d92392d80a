from typing import Optional

from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from torch import Tensor

from ...registry import MODELS
from .robust_loss import RobustLoss


@MODELS.register_module()
class LogitClipLoss(RobustLoss):
    """A loss of logits whose norm is clipped, ``L(z min(1, t / ||z||))``: it bounds any loss.

    `Mitigating Memorization of Noisy Labels by Clipping the Model Prediction <https://arxiv.org/abs/2212.04055>`_
    (LogitClip). Only training clips: the largest logit stays the largest, so that predictions are not touched.

    Deviation: the official code clips where the norm is above t, but to the norm 1 / t; the paper, and this, to t.

    Args:
        threshold (float): t, above 0. The lower it is, the lower is the loss that can be reached, and the flatter.
            Defaults to 1, where paper and code agree; choose it on noisy validation.
        loss (dict, optional): Config of any loss with mmpretrain's signature that keeps nothing per sample. Defaults to cross
            entropy.
        **kwargs: See :class:`RobustLoss`.

    Raises:
        ValueError: ``threshold`` is not above 0; a loss that keeps something per sample.
    """

    def __init__(self, threshold: float = 1.0, loss: Optional[dict] = None, **kwargs):
        super().__init__(**kwargs)
        if not threshold > 0:
            raise ValueError(f'LogitClipLoss: threshold must be > 0, not {threshold}.')
        self.threshold = threshold
        self.loss = MMPRETRAIN_MODELS.build(loss or dict(type='mmpretrain.CrossEntropyLoss'))
        if getattr(self.loss, 'needs_sample_idx', False):
            raise ValueError(
                f'LogitClipLoss: {type(self.loss).__name__} keeps something per sample, of predictions that are not '
                'clipped: use it without this wrapper.'
            )

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        norm = cls_score.norm(dim=1, keepdim=True).clamp_min(self.threshold)
        return self.loss(cls_score * (self.threshold / norm), target, reduction_override='none')
