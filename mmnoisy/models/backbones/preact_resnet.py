from typing import List, Optional, Sequence, Tuple

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS


class PreActBlock(nn.Module):
    """BatchNorm, ReLU, convolution, twice, and a shortcut: (B, in, H, W) -> (B, out, H / stride, W / stride)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut = None
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        active = self.relu(self.bn1(x))
        shortcut = x if self.shortcut is None else self.shortcut(active)
        return self.conv2(self.relu(self.bn2(self.conv1(active)))) + shortcut


@MODELS.register_module()
class PreActResNet(BaseModule):
    """Pre-activation ResNet for small images, the network of DivideMix and its successors on CIFAR.

    `Identity Mappings in Deep Residual Networks <https://arxiv.org/abs/1603.05027>`_. A 3x3 stem without pooling, four
    stages of :class:`PreActBlock`. As in DivideMix's code, BatchNorm and ReLU follow the stem, and nothing normalises
    the output of the last block: 17 BatchNorms and 11,171,274 parameters with a head of 10 classes.

    With ``blocks=(4, 4, 4), width=160, stem_width=16, stem_norm=False, final_norm=True`` it is the Wide ResNet WRN-28-10
    (https://arxiv.org/abs/1605.07146).

    Args:
        in_channels (int): Channels of the input. Defaults to 3.
        blocks (Sequence[int]): Blocks of each stage. Defaults to (2, 2, 2, 2): 18 layers.
        width (int): Channels of the first stage; each further stage doubles them. Defaults to 64.
        stem_width (int, optional): Channels of the stem; ``width`` where None.
        stem_norm (bool): BatchNorm and ReLU after the stem. Defaults to True.
        final_norm (bool): BatchNorm and ReLU after the last block. Defaults to False.
        init_cfg (dict, optional): See mmengine's ``BaseModule``.
    """

    def __init__(
        self,
        in_channels: int = 3,
        blocks: Sequence[int] = (2, 2, 2, 2),
        width: int = 64,
        stem_width: Optional[int] = None,
        stem_norm: bool = True,
        final_norm: bool = False,
        init_cfg: Optional[dict] = None,
    ):
        super().__init__(init_cfg)
        channels = stem_width or width
        layers: List[nn.Module] = [nn.Conv2d(in_channels, channels, 3, padding=1, bias=False)]
        if stem_norm:
            layers += [nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
        for stage, count in enumerate(blocks):
            for i in range(count):
                layers.append(PreActBlock(channels, width * 2**stage, 2 if stage > 0 and i == 0 else 1))
                channels = width * 2**stage
        if final_norm:
            layers += [nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers)
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def forward(self, x: Tensor) -> Tuple[Tensor]:
        """(B, C, H, W) -> pooled features, ((B, width * 2^(stages - 1)),)."""
        return (self.pool(self.layers(x)),)
