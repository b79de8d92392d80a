import torch
from torch import nn

from mmnoisy.registry import MODELS


def built(**options):
    return MODELS.build(dict(type='mmnoisy.PreActResNet', **options))


def norms(model):
    return sum(isinstance(module, nn.BatchNorm2d) for module in model.modules())


def test_preact_resnet18_is_that_of_dividemix():
    model = built()
    assert norms(model) == 17
    assert sum(p.numel() for p in model.parameters()) + 512 * 10 + 10 == 11_171_274
    # conv, BatchNorm and ReLU come before the first block, whose shortcut passes on what they give.
    x = torch.randn(2, 3, 8, 8)
    stem = model.layers[2](model.layers[1](model.layers[0](x)))
    assert (stem >= 0).all()
    block = model.layers[3]
    nn.init.zeros_(block.conv2.weight)
    assert torch.equal(block(stem.clone()), stem)


def test_wide_resnet_has_a_bare_stem():
    model = built(blocks=(4, 4, 4), width=2, stem_width=16, stem_norm=False, final_norm=True)
    assert norms(model) == 25
    assert isinstance(model.layers[1].conv1, nn.Conv2d)
    assert model(torch.randn(2, 3, 8, 8))[0].shape == (2, 8)
