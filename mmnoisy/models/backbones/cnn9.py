from typing import Tuple

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS


@MODELS.register_module()
class CNN9(BaseModule):
    """The 9-layer CNN of `Co-teaching <https://arxiv.org/abs/1804.06872>`_ without its classifier.

    Two stages of three 3x3 convolutions with max pooling and dropout of channels, then three unpadded convolutions and
    average pooling. The features are (B, 128).

    Args:
        in_channels (int): Channels of the input. Defaults to 3.
        dropout (float): Defaults to 0.25.
        init_cfg (dict, optional): See mmengine's ``BaseModule``.
    """

    def __init__(self, in_channels: int = 3, dropout: float = 0.25, init_cfg=None):
        super().__init__(init_cfg)
        layers = []
        for widths, padding in (((128, 128, 128), 1), ((256, 256, 256), 1), ((512, 256, 128), 0)):
            for width in widths:
                layers += [nn.Conv2d(in_channels, width, 3, padding=padding), nn.BatchNorm2d(width), nn.LeakyReLU(0.01)]
                in_channels = width
            layers += [nn.MaxPool2d(2), nn.Dropout2d(dropout)] if padding else [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tuple[Tensor]:
        """(B, C, H, W) with H, W >= 28 -> one feature map, ((B, 128),)."""
        return (self.layers(x),)
