import torch
from torch import nn

from mmnoisy.models.backbones import CNN9


def test_widths_of_the_paper_and_a_sixteenth_of_them():
    """The tests of the configs narrow it; here it is as in the paper."""
    expected = [128, 128, 128, 256, 256, 256, 512, 256, 128]
    for width, factor in ((128, 1), (8, 16)):
        net = CNN9(width=width)
        widths = [module.out_channels * factor for module in net.modules() if isinstance(module, nn.Conv2d)]
        assert widths == expected
    net = CNN9().train()
    (features,) = net(torch.randn(2, 3, 32, 32))
    features.square().sum().backward()
    assert features.shape == (2, 128) and all(value.grad.isfinite().all() for value in net.parameters())
