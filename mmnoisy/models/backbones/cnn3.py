from typing import Sequence, Tuple

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS


@MODELS.register_module()
class CNN3(BaseModule):
    """Blocks of 3x3 convolution, BatchNorm and ReLU, max pooling between them; global average pooling. Three by default.

    Small enough for the embedded data on a CPU.

    Args:
        in_channels (int): Channels of the input. Defaults to 1.
        channels (Sequence[int]): Width of each block, one for each width; the last is the feature size. Defaults to
            (32, 64, 128).
        init_cfg (dict, optional): See mmengine's ``BaseModule``.
    """

    def __init__(self, in_channels: int = 1, channels: Sequence[int] = (32, 64, 128), init_cfg=None):
        super().__init__(init_cfg)
        layers = []
        for i, width in enumerate(channels):
            layers += [
                nn.Conv2d(in_channels, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            ]
            if i < len(channels) - 1:
                layers.append(nn.MaxPool2d(2))
            in_channels = width
        self.layers = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def forward(self, x: Tensor) -> Tuple[Tensor]:
        """(B, C, H, W), H and W at least 2 to the power of ``len(channels) - 1`` -> one feature map, ((B, channels[-1]),)."""
        return (self.layers(x),)
