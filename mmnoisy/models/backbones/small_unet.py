from typing import Sequence, Tuple

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS


def _block(in_channels: int, channels: int) -> nn.Sequential:
    layers = []
    for _ in range(2):
        layers += [nn.Conv2d(in_channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(True)]
        in_channels = channels
    return nn.Sequential(*layers)


@MODELS.register_module()
class SmallUNet(BaseModule):
    """A `U-Net <https://arxiv.org/abs/1505.04597>`_ that a CPU trains: a map of features for each pixel.

    Args:
        in_channels (int): Channels of the input. Defaults to 1.
        channels (Sequence[int]): Width at each resolution, the full one first; each of the others is half the one before.
            Defaults to (16, 32, 64).
        init_cfg (dict, optional): See mmengine's ``BaseModule``.
    """

    def __init__(self, in_channels: int = 1, channels: Sequence[int] = (16, 32, 64), init_cfg=None):
        super().__init__(init_cfg)
        inputs = (in_channels, *channels[:-1])
        self.down = nn.ModuleList(_block(i, c) for i, c in zip(inputs, channels))
        self.up = nn.ModuleList(_block(deep + c, c) for deep, c in zip(channels[:0:-1], channels[-2::-1]))

    def forward(self, x: Tensor) -> Tuple[Tensor]:
        """(B, C, H, W) -> one feature map, ((B, channels[0], H, W),)."""
        maps = []
        for i, block in enumerate(self.down):
            x = block(F.max_pool2d(x, 2) if i else x)
            maps.append(x)
        for block, skip in zip(self.up, maps[-2::-1]):
            x = block(torch.cat([F.interpolate(x, size=skip.shape[2:]), skip], dim=1))
        return (x,)
