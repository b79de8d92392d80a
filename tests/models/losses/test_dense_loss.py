"""DenseLoss by the contracts of mmsegmentation's and mmdetection's heads, against sums over single pixels in float64."""

import numpy as np
import pytest
import torch
from mmengine.registry import MODELS as ROOT_MODELS
from mmengine.registry import DefaultScope, Registry
from torch import nn

from mmnoisy.registry import MODELS

B, K, H, W = 2, 4, 3, 5
LOSSES = [
    dict(type='mmnoisy.GCELoss'),
    dict(type='mmnoisy.JALLoss'),
    dict(type='mmnoisy.SCELoss'),
    dict(type='mmnoisy.ForwardCorrectionLoss', num_classes=K, transition=dict(kind='symmetric', rate=0.2)),
    dict(type='mmpretrain.CrossEntropyLoss'),
]
GCE = LOSSES[0]


def dense(loss=GCE, **args):
    return MODELS.build(dict(type='mmnoisy.DenseLoss', loss=loss, **args))


@pytest.fixture
def scene():
    """Logits (B, K, H, W), labels (B, H, W) of which some are ignored, and a weight map."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(B, K, H, W, dtype=torch.float64, generator=generator) * 2
    label = torch.randint(K, (B, H, W), generator=generator)
    label[0, 0, 1], label[1, 2, 4] = 255, 255
    return logits, label, torch.rand(B, H, W, dtype=torch.float64, generator=generator)


def one_by_one(loss, logits, label, ignored=255):
    """Each pixel is a batch of its own: (B, H, W)."""
    loss = MODELS.build(loss).double()
    values = torch.zeros(label.shape, dtype=torch.float64)
    for place in np.ndindex(*label.shape):
        if label[place] != ignored:
            image, *pixel = place
            row = logits[(image, slice(None), *pixel)]
            values[place] = loss(row[None], label[place][None], reduction_override='none')[0]
    return values


def same(value, expected):
    torch.testing.assert_close(value, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize('loss', LOSSES, ids=lambda loss: loss['type'])
def test_pixels(loss, scene):
    logits, label, weight = scene
    values, kept = one_by_one(loss, logits, label), (label != 255).sum()
    assert kept == B * H * W - 2
    # (arguments of the loss, arguments of the call, what it must give)
    for args, call, expected in [
        ({}, {}, values.mean()),
        (dict(avg_non_ignore=True), {}, values.sum() / kept),
        (dict(loss_weight=0.4), dict(weight=weight), 0.4 * (values * weight).mean()),
        ({}, dict(weight=weight, avg_factor=7), (values * weight).sum() / 7),
        ({}, dict(weight=weight, reduction_override='none'), values * weight),
        (dict(reduction='sum'), {}, values.sum()),
        # What mmsegmentation's heads call with.
        (dict(ignore_index=99), dict(weight=None, ignore_index=255), values.mean()),
    ]:
        same(dense(loss, **args).double()(logits, label, **call), expected)


def test_the_gradient_is_that_of_the_kept_pixels(scene):
    logits, label, weight = scene
    logits.requires_grad_()
    loss = dense()
    assert torch.autograd.gradcheck(lambda z: loss(z, label, weight=weight), (logits,))
    gradient = torch.autograd.grad(loss(logits, label), logits)[0].movedim(1, -1)
    assert (gradient[label == 255] == 0).all() and (gradient[label != 255] != 0).any(-1).all()


@pytest.mark.parametrize('loss', [GCE, dict(type='mmnoisy.PeerLoss'), dict(type='mmnoisy.ExpectedLoss', loss=GCE)])
def test_nothing_but_ignored_pixels(loss, scene):
    logits = scene[0].requires_grad_()
    for args in ({}, dict(avg_non_ignore=True)):
        value = dense(loss, **args)(logits, torch.full((B, H, W), 255))
        value.backward()
        assert value == 0 and (logits.grad == 0).all()


def test_soft_targets(scene):
    logits, label, _ = scene
    soft = torch.rand(B, K, H, W, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    soft = soft / soft.sum(1, keepdim=True)
    loss = dense(dict(type='mmpretrain.CrossEntropyLoss'))
    same(loss(logits, soft), -(soft * logits.log_softmax(1)).sum(1).mean())
    onehot = nn.functional.one_hot(label.clamp_max(K - 1), K).movedim(-1, 1)
    same(loss(logits, onehot), loss(logits, label.clamp_max(K - 1)))


def test_boxes(scene):
    """A softmax head of K - 1 classes: the last channel is the background, boxes in doubt have the weight 0."""
    logits = scene[0].movedim(1, -1).reshape(-1, K)
    labels = torch.arange(len(logits)) % K
    weights = (torch.arange(len(logits)) % 3 > 0).double()
    values = MODELS.build(GCE)(logits, labels, reduction_override='none')
    avg_factor = max(weights.sum().item(), 1.0)
    loss = dense(ignore_index=None, loss_weight=2.0)
    same(loss(logits, labels, weights, avg_factor=avg_factor), 2 * (values * weights).sum() / avg_factor)
    same(loss(logits, labels, weights, avg_factor=avg_factor, reduction_override='none'), 2 * values * weights)
    same(loss(logits[:0], labels[:0], weights[:0], avg_factor=1.0), torch.tensor(0.0, dtype=torch.float64))


def test_half_precision(scene):
    logits, label, weight = scene
    half = logits.bfloat16()
    value = dense()(half, label, weight=weight)
    assert value.dtype == torch.float32
    expected = (one_by_one(GCE, half.double(), label) * weight).mean()
    torch.testing.assert_close(value.double(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    'loss',
    [
        dict(type='mmnoisy.ELRLoss', num_classes=K),
        dict(type='mmnoisy.SOPLoss', num_classes=K, num_samples=9),
        dict(type='mmnoisy.SumLoss', terms=[dict(loss=dict(type='mmnoisy.ELRLoss', num_classes=K))]),
    ],
    ids=lambda loss: loss['type'],
)
def test_losses_that_keep_something_per_sample_are_refused(loss):
    with pytest.raises(ValueError, match='softmax heads.* losses that keep nothing per sample'):
        dense(loss)


@pytest.mark.parametrize(
    'build, call, message',
    [
        (dict(use_sigmoid=True), None, 'use_sigmoid=True: it works with softmax heads'),
        (dict(loss_name='seg'), None, "begin with 'loss_', not 'seg'"),
        # A sigmoid head of mmdetection: the background has the label K and no channel. Of mmsegmentation: one channel.
        ({}, (torch.zeros(3, K), torch.tensor([0, 1, K])), 'label 4 with 4 channels: it works with softmax heads'),
        ({}, (torch.zeros(B, 1, H, W), torch.zeros(B, H, W)), 'with 1 channels: it works with softmax heads'),
        (dict(ignore_index=None), (torch.zeros(3, K), torch.tensor([0, 1, -1])), 'it works with softmax heads'),
        (dict(ignore_index=2), (torch.zeros(3, K), torch.tensor([0, 1, 2])), 'ignore_index=2 is one of the 4 classes'),
        ({}, (torch.zeros(B, K, H, W), torch.zeros(B, H, H)), r'labels of the shape \(2, 3, 5\), not \(2, 3, 3\)'),
    ],
)
def test_bad_arguments(build, call, message):
    with pytest.raises(ValueError, match=message):
        dense(**build)(*call)


class DecodeHead(nn.Module):
    """What mmsegmentation's ``BaseDecodeHead.loss_by_feat`` does with its losses."""

    def __init__(self, registry, loss_decode, ignore_index=255):
        super().__init__()
        self.loss_decode = nn.ModuleList(registry.build(loss) for loss in loss_decode)
        self.ignore_index = ignore_index

    def loss_by_feat(self, seg_logits, seg_label, seg_weight=None):
        losses = {}
        for loss_decode in self.loss_decode:
            value = loss_decode(seg_logits, seg_label, weight=seg_weight, ignore_index=self.ignore_index)
            losses[loss_decode.loss_name] = losses.get(loss_decode.loss_name, 0) + value
        return losses


class BoxHead(nn.Module):
    """What mmdetection's softmax heads do: ``use_sigmoid`` is read from the config, absent means a background channel."""

    def __init__(self, registry, num_classes, loss_cls):
        super().__init__()
        self.cls_out_channels = num_classes + (not loss_cls.get('use_sigmoid', False))
        self.custom_cls_channels = getattr(registry.build(loss_cls), 'custom_cls_channels', False)
        self.loss_cls = registry.build(loss_cls)

    def loss(self, cls_score, labels, label_weights):
        # Anchor heads: (N, A * C, H, W) -> (N * H * W * A, C).
        cls_score = cls_score.permute(0, 2, 3, 1).reshape(-1, self.cls_out_channels)
        avg_factor = max(torch.sum(label_weights > 0).float().item(), 1.0)
        return self.loss_cls(cls_score, labels, label_weights, avg_factor=avg_factor, reduction_override=None)


@pytest.fixture(params=['like_mmseg', 'like_mmdet'])
def registry(request):
    """The registry of a package that knows nothing of mmpretrain, in its own default scope."""
    child = Registry('model', parent=ROOT_MODELS, scope=request.param)
    try:
        with DefaultScope.overwrite_default_scope(request.param):
            yield child
    finally:
        ROOT_MODELS.children.pop(request.param)


def test_in_heads_of_other_scopes(registry, scene):
    logits, label, weight = scene
    jal = dict(type='mmnoisy.DenseLoss', loss=dict(type='mmnoisy.JALLoss'), loss_name='loss_jal', loss_weight=0.5)
    head = DecodeHead(registry, [jal, jal, dict(type='mmnoisy.DenseLoss', loss=GCE)])
    losses = head.loss_by_feat(logits, label, weight)
    assert set(losses) == {'loss_jal', 'loss_dense'}
    same(losses['loss_jal'], (one_by_one(jal['loss'], logits, label) * weight).mean())
    same(losses['loss_dense'], (one_by_one(GCE, logits, label) * weight).mean())
    boxes = BoxHead(registry, K - 1, dict(type='mmnoisy.DenseLoss', loss=GCE, ignore_index=None))
    labels = label.clamp_max(K - 1).flatten()
    assert boxes.cls_out_channels == K and not boxes.custom_cls_channels
    same(boxes.loss(logits, labels, torch.ones(len(labels))), one_by_one(GCE, logits, labels.view(B, H, W)).mean())


def test_in_the_real_segmentation_head():
    mmseg_models = pytest.importorskip('mmseg.models', exc_type=ImportError)
    loss = dict(type='mmnoisy.DenseLoss', loss=dict(type='mmnoisy.JALLoss'), loss_name='loss_jal')
    with DefaultScope.overwrite_default_scope('mmseg'):
        head = mmseg_models.FCNHead(in_channels=3, channels=4, num_classes=K, num_convs=1, loss_decode=loss)
        sample = pytest.importorskip('mmseg.structures').SegDataSample()
        pixels = pytest.importorskip('mmengine.structures').PixelData(data=torch.full((1, H, W), 255))
        pixels.data[0, 0, 0] = 1
        sample.gt_sem_seg = pixels
        losses = head.loss_by_feat(torch.randn(1, K, H, W, requires_grad=True), [sample])
    assert losses['loss_jal'] > 0


def test_in_the_real_detection_head():
    mmdet_heads = pytest.importorskip('mmdet.models.roi_heads.bbox_heads', exc_type=ImportError)
    loss = dict(type='mmnoisy.DenseLoss', loss=GCE, ignore_index=None)
    with DefaultScope.overwrite_default_scope('mmdet'):
        head = mmdet_heads.BBoxHead(num_classes=K - 1, loss_cls=loss)
        scores, labels = torch.randn(5, K), torch.arange(5) % K
        found = head.loss(scores, None, None, labels, torch.ones(5), None, None)
    same(found['loss_cls'], MODELS.build(GCE)(scores, labels))
