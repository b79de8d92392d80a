import pytest
import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmpretrain.structures import DataSample

import mmnoisy  # noqa: F401
from mmnoisy.registry import MODELS

CLASSES, CHANNELS = 4, 5
MATRIX = [[0.7, 0.3, 0, 0], [0.1, 0.8, 0.1, 0], [0, 0, 1, 0], [0.25, 0.25, 0.25, 0.25]]


def build(**kwargs):
    torch.manual_seed(0)
    config = dict(
        type='mmnoisy.NoiseAdaptationHead',
        num_classes=CLASSES,
        in_channels=CHANNELS,
        loss=dict(type='CrossEntropyLoss'),
    )
    head = MODELS.build(dict(config, **kwargs))
    head.init_weights()
    return head.double()


def batch(size=6):
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(size, CHANNELS, generator=generator, dtype=torch.float64)
    label = torch.randint(CLASSES, (size,), generator=generator)
    return features, [DataSample().set_gt_label(int(value)) for value in label], label


def test_channel_starts_at_the_guess():
    channel = build(eps=0.3).transition()
    expected = torch.full((CLASSES, CLASSES), 0.1, dtype=torch.float64).fill_diagonal_(0.7)
    torch.testing.assert_close(channel, expected, atol=1e-6, rtol=0)


def test_channel_starts_at_a_given_matrix_without_its_zeros():
    channel = build(transition=MATRIX).transition()
    torch.testing.assert_close(channel, torch.tensor(MATRIX, dtype=torch.float64), atol=5e-4, rtol=0)
    assert channel.min() > 0


def test_loss_is_the_likelihood_of_the_observed_label():
    head = build(transition=MATRIX)
    features, samples, label = batch()
    noisy = head.fc(features).softmax(1) @ head.noise_logits.softmax(1)
    expected = -noisy.gather(1, label[:, None]).log().squeeze(1)
    torch.testing.assert_close(head.loss((features,), samples)['loss'], expected.mean())
    weight = torch.linspace(0, 1, len(label), dtype=torch.float64)
    torch.testing.assert_close(head.loss((features,), samples, weight=weight)['loss'], (expected * weight).mean())


def test_soft_targets():
    head = build()
    features, samples, _ = batch()
    target = torch.rand(6, CLASSES, dtype=torch.float64).softmax(1)
    for sample, row in zip(samples, target):
        sample.set_gt_score(row)
    noisy = head.fc(features).softmax(1) @ head.noise_logits.softmax(1)
    torch.testing.assert_close(head.loss((features,), samples)['loss'], -(target * noisy.log()).sum(1).mean())


def test_gradient():
    head = build(transition=MATRIX)
    features, samples, _ = batch()
    assert torch.autograd.gradcheck(lambda x: head.loss((x,), samples)['loss'], features.requires_grad_())
    head.loss((features,), samples)['loss'].backward()
    assert head.noise_logits.grad.abs().sum() > 0


@pytest.mark.parametrize('dtype', [torch.float32, torch.float16])
def test_extreme_logits_stay_finite(dtype):
    head = build(eps=1e-6).float()
    score = torch.tensor([[0, 6e4, -6e4, 0], [3e4, 0, 0, -3e4]], dtype=dtype, requires_grad=True)
    posterior = head.noisy_log_posterior(score)
    assert posterior.dtype == torch.float32
    expected = torch.log(torch.tensor(1e-6 / 3))
    torch.testing.assert_close(posterior[0, [0, 2, 3]], expected.expand(3), atol=1e-3, rtol=0)
    posterior.sum().backward()
    assert score.grad.isfinite().all() and head.noise_logits.grad.isfinite().all()


def test_plain_before_begin_and_at_test():
    head = build(begin=2)
    features, samples, label = batch()
    plain = F.cross_entropy(head.fc(features), label)
    hub = MessageHub.get_current_instance()
    try:
        hub.update_info('epoch', 1)
        losses = head.loss((features,), samples)
        torch.testing.assert_close(losses['loss'], plain)
        losses['loss'].backward()
        # DDP waits for every gradient.
        assert head.noise_logits.grad is not None and head.noise_logits.grad.abs().sum() == 0
        hub.update_info('epoch', 2)
        assert head.loss((features,), samples)['loss'] != plain
    finally:
        hub.update_info('epoch', 0)
    scores = torch.stack([sample.pred_score for sample in head.predict((features,))])
    torch.testing.assert_close(scores, head.fc(features).softmax(1))


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(eps=0), 'eps'),
        (dict(eps=1), 'eps'),
        (dict(num_classes=1), 'num_classes'),
        (dict(transition=[[1.0]]), r'transition must be a \(4, 4\)'),
        (dict(transition=torch.ones(4, 4).tolist()), 'rows summing to 1'),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)
