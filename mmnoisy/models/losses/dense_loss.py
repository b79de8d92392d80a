from typing import Optional, Tuple, Union

import torch
from mmpretrain.models.losses.utils import weight_reduce_loss
from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from torch import Tensor

from ...registry import MODELS
from .robust_loss import RobustLoss

_REFUSED = (
    'DenseLoss cannot take {what}: it works with softmax heads, whose logits have a channel for each class (the background '
    'is one of them), and with losses that keep nothing per sample.'
)


@MODELS.register_module()
class DenseLoss(RobustLoss):
    """Any loss of this package on every pixel or every box, by the contracts of mmsegmentation's and mmdetection's heads.

    In mmsegmentation it is a ``loss_decode``: logits (B, K, H, W), labels (B, H, W), a weight map (B, H, W) and the head's
    ``ignore_index``; the mean is over all pixels, ignored ones among them, unless ``avg_non_ignore``. In mmdetection it is
    the ``loss_cls`` of a softmax head: logits (N, K + 1), of which the last is the background, labels (N,),
    ``label_weights`` (N,) and ``avg_factor``. Neither package is needed to import it.

    Args:
        loss (dict): Config of any loss with mmpretrain's signature that keeps nothing per sample.
        ignore_index (int, optional): Label without a loss; a head that hands over its own comes first; None for no such
            label. Defaults to 255.
        avg_non_ignore (bool): Mean over the pixels that are not ignored. Defaults to False, mmsegmentation's default.
        loss_name (str): Key of the loss in mmsegmentation's logs; losses of one name are summed. Defaults to
            ``'loss_dense'``.
        use_sigmoid (bool): What mmdetection's heads read from the config of a loss; only False is possible.
        **kwargs: See :class:`RobustLoss`.

    Example:
        >>> loss_decode = dict(type='mmnoisy.DenseLoss', loss=dict(type='mmnoisy.JALLoss'))  # mmsegmentation
        >>> loss_cls = dict(type='mmnoisy.DenseLoss', loss=dict(type='mmnoisy.GCELoss'), ignore_index=None)  # mmdetection

    Raises:
        ValueError: A loss that keeps something per sample; a sigmoid head; a label that is no class; an ``ignore_index``
            that is the number of a class; a ``loss_name`` that does not begin with ``loss_``.
    """

    use_sigmoid = False

    def __init__(
        self,
        loss: dict,
        ignore_index: Optional[int] = 255,
        avg_non_ignore: bool = False,
        loss_name: str = 'loss_dense',
        use_sigmoid: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if use_sigmoid:
            raise ValueError(_REFUSED.format(what='use_sigmoid=True'))
        if not loss_name.startswith('loss_'):
            raise ValueError(
                f"DenseLoss: loss_name must begin with 'loss_', not {loss_name!r}: else it would not be minimised."
            )
        self.loss = MMPRETRAIN_MODELS.build(loss)
        if getattr(self.loss, 'needs_sample_idx', False):
            raise ValueError(_REFUSED.format(what=type(self.loss).__name__))
        self.ignore_index, self.avg_non_ignore, self.loss_name = ignore_index, avg_non_ignore, loss_name

    def forward(
        self,
        cls_score: Tensor,
        label: Tensor,
        weight: Optional[Tensor] = None,
        avg_factor: Optional[Union[int, float]] = None,
        reduction_override: Optional[str] = None,
        ignore_index: Optional[int] = None,
        **kwargs,
    ) -> Tensor:
        """Loss of a batch of images or boxes.

        Args:
            cls_score (Tensor): Logits, (B, K, H, W) or (N, K).
            label (Tensor): Classes, (B, H, W) or (N,), or soft targets of the shape of ``cls_score``.
            weight (Tensor, optional): Factors on the losses, (B, H, W) or (N,).
            avg_factor (int | float, optional): Divisor of the sum under ``'mean'``.
            reduction_override (str, optional): Reduction of this call in place of the loss's own.
            ignore_index (int, optional): In place of the loss's own.
            **kwargs: What heads hand over besides is left alone.

        Returns:
            Tensor: A scalar, or under ``'none'`` the shape of ``weight``, 0 where the label is ignored.
        """
        reduction = self._check_reduction(reduction_override or self.reduction)
        ignore_index = self.ignore_index if ignore_index is None else ignore_index
        logits, target, keep = self._rows(cls_score, label, ignore_index)
        # Every parameter stays in the graph where nothing is kept.
        values = (logits * 0).sum(1)
        if keep.any():
            known = self.loss(logits[keep], target[keep], reduction_override='none')
            values = values.to(known).masked_scatter(keep, known)
        shape = (cls_score.size(0), *cls_score.shape[2:])
        if reduction == 'mean' and avg_factor is None and self.avg_non_ignore:
            avg_factor = max(int(keep.sum()), 1)
        if weight is not None:
            weight = weight.reshape(shape).to(values)
        return self.loss_weight * weight_reduce_loss(values.reshape(shape), weight, reduction, avg_factor)

    @staticmethod
    def _rows(cls_score: Tensor, label: Tensor, ignore_index: Optional[int]) -> Tuple[Tensor, Tensor, Tensor]:
        """Logits (M, K), targets (M,) or (M, K), and which of them count, (M,) bool: M pixels or boxes."""
        num_classes = cls_score.size(1)
        logits = cls_score.movedim(1, -1).flatten(0, -2)
        if label.shape == cls_score.shape:
            target = label.movedim(1, -1).flatten(0, -2).to(logits)
            return logits, target, logits.new_ones(len(logits), dtype=torch.bool)
        if ignore_index is not None and 0 <= ignore_index < num_classes:
            raise ValueError(
                f'DenseLoss: ignore_index={ignore_index} is one of the {num_classes} classes: set it to another number, or '
                'to None.'
            )
        target = label.reshape(-1).long()
        if len(target) != len(logits):
            raise ValueError(
                f'DenseLoss: logits of the shape {tuple(cls_score.shape)} need labels of the shape '
                f'{(cls_score.size(0), *cls_score.shape[2:])}, not {tuple(label.shape)}.'
            )
        keep = torch.ones_like(target, dtype=torch.bool) if ignore_index is None else target != ignore_index
        if num_classes == 1 or (keep & ((target < 0) | (target >= num_classes))).any():
            worst = int(target[keep].max()) if keep.any() else 0
            raise ValueError(_REFUSED.format(what=f'the label {worst} with {num_classes} channels'))
        return logits, target, keep
