import pytest
import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS

from tests.models.heads.test_pixel_head import B, H, K, W, samples

NETWORK = dict(
    type='mmnoisy.SampleAwareClassifier',
    backbone=dict(type='mmnoisy.SmallUNet', channels=(4, 6)),
    head=dict(type='mmnoisy.PixelHead', num_classes=K, in_channels=4),
)


def build(**args):
    torch.manual_seed(0)
    args.setdefault('forget_rate', dict(rate=0.3, num_gradual=1))
    return MODELS.build(dict(type='mmnoisy.PixelCoTeaching', network=NETWORK, **args)).eval()


@pytest.mark.parametrize('by_class', [True, False])
def test_each_network_learns_from_the_other_ones_small_losses(by_class):
    model, (found, masks), images = build(by_class=by_class), samples(), torch.randn(B, 1, H, W)
    losses = [F.cross_entropy(net(images), masks, ignore_index=255, reduction='none').flatten() for net in
              (model.net1, model.net2)]  # fmt: skip
    labels = masks.flatten()
    groups = [labels == k for k in range(K)] if by_class else [labels != 255]
    expected, kept = [], 0
    for own, other in (losses, losses[::-1]):
        chosen = []
        for group in groups:
            rows = [i for i in range(len(labels)) if group[i]]
            rows.sort(key=lambda i: other[i].item())
            chosen += rows[: int(0.7 * len(rows))]
        expected.append(own[chosen].mean())
        kept = len(chosen)
    result = model.loss(images, found)
    torch.testing.assert_close(result['loss_net1'], expected[0])
    torch.testing.assert_close(result['loss_net2'], expected[1])
    assert result['kept'].item() == pytest.approx(kept / (labels != 255).sum().item())


def test_images_without_a_known_pixel():
    model, (found, _) = build(), samples()
    for sample in found:
        sample.gt_mask[:] = 255
    result = model.loss(torch.randn(B, 1, H, W), found)
    assert result['loss_net1'] == result['loss_net2'] == 0
    (result['loss_net1'] + result['loss_net2']).backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize('name', ['ensemble', 'net1'])
def test_prediction(name):
    model, images = build(predict_with=name), torch.randn(B, 1, H, W)
    logits = model.net1(images) + (model.net2(images) if name == 'ensemble' else 0)
    masks = torch.stack([result.pred_mask for result in model.predict(images)])
    assert torch.equal(masks, logits.argmax(1))


def test_bad_arguments():
    with pytest.raises(ValueError, match='estimates by images'):
        build(forget_rate='auto')
    head = dict(type='LinearClsHead', num_classes=K, in_channels=4)
    with pytest.raises(ValueError, match='PixelHead, not a LinearClsHead'):
        MODELS.build(dict(type='mmnoisy.PixelCoTeaching', network=dict(NETWORK, head=head), forget_rate=0.1))
