import pytest
import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

import mmnoisy.models  # noqa: F401
from mmnoisy.stamps import write_masks, write_weights

B, K, H, W = 3, 4, 10, 14


def samples():
    masks = torch.randint(K, (B, H, W), generator=torch.Generator().manual_seed(0))
    masks[0, 0] = 255
    found = [DataSample() for _ in masks]
    for sample, mask in zip(found, masks):
        sample.set_field(mask.numpy(), 'gt_mask')
    return found, masks


@pytest.fixture
def model():
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='mmnoisy.SampleAwareClassifier',
            backbone=dict(type='mmnoisy.SmallUNet', channels=(4, 6, 8)),
            head=dict(type='mmnoisy.PixelHead', num_classes=K, in_channels=4),
        )
    )


def test_loss_of_observed_and_of_corrected_masks(model):
    found, masks = samples()
    images = torch.randn(B, 1, H, W)
    model.eval()
    logits = model(images)
    assert logits.shape == (B, K, H, W)
    # Means are over all pixels, ignored ones too, as mmsegmentation's.
    expected = F.cross_entropy(logits, masks, ignore_index=255, reduction='sum') / masks.numel()
    torch.testing.assert_close(model.loss(images, found)['loss'], expected)
    write_weights(found, torch.tensor([0.0, 2.0, 1.0]))
    each = F.cross_entropy(logits, masks, ignore_index=255, reduction='none')
    weighted = (each * torch.tensor([0.0, 2.0, 1.0])[:, None, None]).mean()
    torch.testing.assert_close(model.loss(images, found)['loss'], weighted)
    write_masks(found, (masks + 1) % K)
    write_weights(found, torch.ones(B))
    torch.testing.assert_close(model.loss(images, found)['loss'], F.cross_entropy(logits, (masks + 1) % K))


def test_prediction(model):
    images = torch.randn(B, 1, H, W)
    logits = model.eval()(images)
    for data_samples in (None, samples()[0]):
        results = model.predict(images, data_samples)
        torch.testing.assert_close(torch.stack([result.pred_score for result in results]), logits.softmax(1))
        assert torch.equal(torch.stack([result.pred_mask for result in results]), logits.argmax(1))


def test_every_pixel_has_a_gradient_in_every_layer(model):
    found, _ = samples()
    model.loss(torch.randn(B, 1, H, W), found)['loss'].backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_masks_that_were_not_packed(model):
    with pytest.raises(KeyError, match="algorithm_keys=\\['gt_mask'\\]"):
        model.loss(torch.randn(1, 1, H, W), [DataSample()])
