from typing import Dict, List, Optional, Union

import torch
from mmpretrain.structures import DataSample
from torch import Tensor

from ...functional.margins import small_loss
from ...registry import MODELS
from ...stamps import read_masks
from ..heads.pixel_head import write_predictions
from .forget_rate import ForgetRate
from .two_networks import TwoNetworks


@MODELS.register_module()
class PixelCoTeaching(TwoNetworks):
    """Co-teaching on pixels: each segmentation network learns from the pixels of the batch whose loss is small in the other.

    `Co-teaching <https://arxiv.org/abs/1804.06872>`_ selects images; here the images stay and pixels are left out. Ignored
    pixels are never selected.

    Args:
        *args: See :class:`TwoNetworks`; the networks have a :class:`mmnoisy.PixelHead`.
        forget_rate (float | dict): Share of the pixels that is left out: a number in [0, 1), or the arguments of
            :class:`ForgetRate`.
        by_class (bool): Leave out that share of each given class, so that small classes, whose losses are larger, do not
            vanish. Defaults to True.
        **kwargs: See :class:`TwoNetworks`.

    Raises:
        ValueError: ``forget_rate='auto'``, which estimates by images; a network without a pixel head.
    """

    def __init__(self, *args, forget_rate: Union[float, dict], by_class: bool = True, **kwargs):
        super().__init__(*args, **kwargs)
        self.forget_rate = ForgetRate.build(forget_rate)
        if self.forget_rate.auto:
            raise ValueError("PixelCoTeaching: forget_rate='auto' estimates by images; set a number.")
        if not hasattr(self.net1.head, 'conv'):
            raise ValueError(f'PixelCoTeaching needs networks with a PixelHead, not a {type(self.net1.head).__name__}.')
        self.by_class = by_class

    def loss(self, inputs: Tensor, data_samples: List[DataSample]) -> Dict[str, Tensor]:
        """``loss_net1``, ``loss_net2``, penalties and ``kept``, the share of the known pixels that is learnt from."""
        labels = read_masks(data_samples, inputs.device).flatten()
        loss1, loss2 = (
            net.head.loss(net.extract_feat(inputs), data_samples, reduction_override='none')['loss'].flatten()
            for net in (self.net1, self.net2)
        )
        for1, for2 = (self.select(other, labels) for other in (loss2, loss1))
        known = (labels < self.net1.head.num_classes).sum().clamp_min(1)
        return dict(
            loss_net1=loss1[for1].sum() / max(1, len(for1)),
            loss_net2=loss2[for2].sum() / max(1, len(for2)),
            kept=len(for1) / known,
            **self.penalties(),
        )

    def select(self, loss: Tensor, labels: Tensor) -> Tensor:
        """Positions of the pixels with a small loss, of losses (M,) and given labels (M,)."""
        num_classes = self.net1.head.num_classes
        groups = [labels == k for k in range(num_classes)] if self.by_class else [labels < num_classes]
        found = []
        for group in groups:
            rows = group.nonzero().flatten()
            found.append(rows[small_loss(loss[rows], self.forget_rate())])
        return torch.cat(found)

    def predict(self, inputs: Tensor, data_samples: Optional[List[DataSample]] = None) -> List[DataSample]:
        """``pred_score`` (K, H, W) and ``pred_mask`` (H, W) of ``predict_with``."""
        return write_predictions(self.logits(inputs)[self.predict_with], data_samples)
