from typing import Dict, List, Optional

from mmengine.model import BaseModule
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ...registry import MODELS
from ...stamps import read_masks


@MODELS.register_module()
class PixelHead(BaseModule):
    """Classifies each pixel of a feature map: the head of small segmentation networks, in any classifier of mmpretrain.

    Args:
        num_classes (int): K, the background among them.
        in_channels (int): Channels of the map.
        loss (dict): Config of a :class:`mmnoisy.DenseLoss`. Defaults to cross entropy.
        init_cfg (dict, optional): See mmengine's ``BaseModule``.
    """

    def __init__(
        self, num_classes: int, in_channels: int, loss: Optional[dict] = None, init_cfg: Optional[dict] = None
    ):
        super().__init__(init_cfg)
        self.num_classes = num_classes
        self.conv = nn.Conv2d(in_channels, num_classes, 1)
        default = dict(type='mmnoisy.DenseLoss', loss=dict(type='mmpretrain.CrossEntropyLoss'))
        self.loss_module = MODELS.build(loss or default)

    def forward(self, feats) -> Tensor:
        """The last of the feature maps, (B, C, H, W) -> logits (B, K, H, W)."""
        return self.conv(feats[-1] if isinstance(feats, (tuple, list)) else feats)

    def loss(
        self, feats, data_samples: List[DataSample], weight: Optional[Tensor] = None, **kwargs
    ) -> Dict[str, Tensor]:
        """``loss``: a scalar, or (B, H, W) under ``reduction_override='none'``; ``weight`` is (B,), of the images."""
        logits = self(feats)
        masks = read_masks(data_samples, logits.device)
        if weight is not None:
            weight = weight[:, None, None].expand(masks.shape)
        return dict(loss=self.loss_module(logits, masks, weight=weight, **kwargs))

    def predict(self, feats, data_samples: Optional[List[DataSample]] = None) -> List[DataSample]:
        """``pred_score`` (K, H, W) and ``pred_mask`` (H, W) of each image."""
        return write_predictions(self(feats), data_samples)


def write_predictions(logits: Tensor, data_samples: Optional[List[DataSample]] = None) -> List[DataSample]:
    """Put ``pred_score`` (K, H, W) and ``pred_mask`` (H, W) of logits (B, K, H, W) onto B data samples."""
    data_samples = data_samples or [DataSample() for _ in logits]
    for sample, score in zip(data_samples, logits.float().softmax(1)):
        sample.set_field(score, 'pred_score')
        sample.set_field(score.argmax(0), 'pred_mask')
    return data_samples
