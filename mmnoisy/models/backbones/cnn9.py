from typing import Tuple

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS


@MODELS.register_module()
class CNN9(BaseModule):
    """The 9-layer CNN of `Co-teaching <https://arxiv.org/abs/1804.06872>`_ without its classifier.

    Two stages of three 3x3 convolutions with max pooling and dropout of channels, then three unpadded convolutions and
    average pooling. The features are (B, width).

    Args:
        in_channels (int): Channels of the input. Defaults to 3.
        dropout (float): Defaults to 0.25.
        width (int): Channels of the first stage and of the features. Defaults to 128.
        init_cfg (dict, optional): See mmengine's ``BaseModule``.
    """

    def __init__(self, in_channels: int = 3, dropout: float = 0.25, width: int = 128, init_cfg=None):
        super().__init__(init_cfg)
        layers = []
        for factors, padding in (((1, 1, 1), 1), ((2, 2, 2), 1), ((4, 2, 1), 0)):
            for channels in (factor * width for factor in factors):
                conv = nn.Conv2d(in_channels, channels, 3, padding=padding)
                layers += [conv, nn.BatchNorm2d(channels), nn.LeakyReLU(0.01)]
                in_channels = channels
            layers += [nn.MaxPool2d(2), nn.Dropout2d(dropout)] if padding else [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tuple[Tensor]:
        """(B, C, H, W) with H, W >= 28 -> one feature map, ((B, width),)."""
        return (self.layers(x),)
