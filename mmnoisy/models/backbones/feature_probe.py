from typing import Optional, Sequence, Tuple

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...datasets.feature_bank import read_bank
from ...registry import MODELS


@MODELS.register_module()
class FeatureProbe(BaseModule):
    """What stands between cached features and a head: each feature scaled to mean 0 and deviation 1, then an MLP or
    nothing.

    Mean and deviation are kept in the checkpoint, so that a trained probe needs no bank.

    Args:
        in_channels (int): D.
        hidden (Sequence[int]): Widths of hidden layers, each with ReLU; none for a linear probe. Defaults to ().
        bank (str, optional): Folder of the feature bank whose readable images give mean and deviation. None: they are 0
            and 1 until a checkpoint is loaded. Defaults to None.

    Raises:
        FileNotFoundError: There is no bank.
        ValueError: The bank's features are not of ``in_channels``.
    """

    def __init__(self, in_channels: int, hidden: Sequence[int] = (), bank: Optional[str] = None, init_cfg=None):
        super().__init__(init_cfg)
        mean, std = torch.zeros(in_channels), torch.ones(in_channels)
        if bank is not None:
            mean, std = (torch.from_numpy(values) for values in read_bank(bank).statistics())
        if len(mean) != in_channels:
            raise ValueError(f'FeatureProbe: {bank} has {len(mean)} features an image, not in_channels={in_channels}.')
        self.register_buffer('mean', mean)
        self.register_buffer('std', std)
        layers = []
        for wide, narrow in zip((in_channels, *hidden), hidden):
            layers += [nn.Linear(wide, narrow), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tuple[Tensor]:
        """(B, D), or (B, D, V, 1) of which the plain view is taken -> ((B, hidden[-1] or D),)."""
        x = x.flatten(2)[..., 0] if x.ndim > 2 else x
        return (self.layers((x - self.mean) / self.std),)
