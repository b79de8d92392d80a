from typing import Sequence, Tuple

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS


@MODELS.register_module()
class CNN8(BaseModule):
    """The 8-layer CNN of `SCE <https://arxiv.org/abs/1908.06112>`_ without its classifier, for 32x32 images.

    Three stages of two 3x3 convolutions (BatchNorm, ReLU) and max pooling, then a fully connected layer of 256.

    Args:
        in_channels (int): Channels of the input. Defaults to 3.
        channels (Sequence[int]): Width of each stage. Defaults to (64, 128, 196).
        out_channels (int): Feature size. Defaults to 256.
        image_size (int): Height and width of the input, a multiple of 8. Defaults to 32.
        init_cfg (dict, optional): See mmengine's ``BaseModule``.
    """

    def __init__(
        self,
        in_channels: int = 3,
        channels: Sequence[int] = (64, 128, 196),
        out_channels: int = 256,
        image_size: int = 32,
        init_cfg=None,
    ):
        super().__init__(init_cfg)
        layers = []
        for width in channels:
            for _ in range(2):
                layers += [nn.Conv2d(in_channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
                in_channels = width
            layers.append(nn.MaxPool2d(2))
        self.layers = nn.Sequential(*layers, nn.Flatten())
        size = image_size // 2 ** len(channels)
        self.fc = nn.Sequential(
            nn.Linear(in_channels * size**2, out_channels), nn.BatchNorm1d(out_channels), nn.ReLU(inplace=True)
        )

    def forward(self, x: Tensor) -> Tuple[Tensor]:
        """(B, C, image_size, image_size) -> one feature map, ((B, out_channels),)."""
        return (self.fc(self.layers(x)),)
