"""The consistency and balance terms of SOP+ against numpy, with their gradients, over any loss."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmnoisy.registry import MODELS
from tests.models.classifiers.test_two_networks import NETWORK, batch

K, B = 5, 6


def build(loss=None, **kwargs):
    torch.manual_seed(0)
    config = dict(copy.deepcopy(NETWORK), type='mmnoisy.ConsistencyClassifier', **kwargs)
    if loss:
        config['head']['loss'] = loss
    model = MODELS.build(config)
    model.init_weights()
    # The usual start predicts the same for all: differences would be rounding errors.
    torch.nn.init.normal_(model.head.fc.weight)
    return model


def views():
    return torch.stack([batch(seed=1)[0], batch(seed=2)[0]])


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def test_terms_equal_the_formula():
    model = build(consistency_weight=0.9, balance_weight=0.1).double()
    inputs, (_, samples, labels) = views().double(), batch()
    losses = model(inputs, samples, mode='loss')
    weak, strong = (softmax(part.detach().double().numpy()) for part in model(inputs.flatten(0, 1)).chunk(2))
    assert set(losses) == {'loss', 'loss_consistency', 'loss_balance'}
    np.testing.assert_allclose(losses['loss'].item(), -np.log(weak[range(B), labels]).mean(), rtol=1e-5)
    divergence = (weak * np.log(weak / strong)).sum(1).mean()
    np.testing.assert_allclose(losses['loss_consistency'].item(), 0.9 * divergence, rtol=1e-4)
    balance = (np.log(1 / K / weak.mean(0)) / K).sum()
    np.testing.assert_allclose(losses['loss_balance'].item(), 0.1 * balance, rtol=1e-4)


def test_consistency_moves_the_strong_view_alone(monkeypatch):
    model = build(consistency_weight=1.0).double()
    caught = []

    def logits(feats, forward=model.head.forward):
        caught.append(forward(feats))
        caught[-1].retain_grad()
        return caught[-1]

    monkeypatch.setattr(model.head, 'forward', logits)
    model(views().double(), batch()[1], mode='loss')['loss_consistency'].backward()
    both = caught[0]
    weak, strong = both.detach().chunk(2)
    # d KL(p_weak || p_strong) / dz_strong = p_strong - p_weak, over the batch's mean
    expected = torch.cat([torch.zeros(B, K).double(), (strong.softmax(1) - weak.softmax(1)) / B])
    torch.testing.assert_close(both.grad, expected, rtol=1e-5, atol=1e-7)


def test_equal_views_and_balanced_predictions_cost_nothing():
    model = build().eval()
    inputs = views()[:1].repeat(2, 1, 1, 1, 1)
    torch.nn.init.zeros_(model.head.fc.weight)
    torch.nn.init.zeros_(model.head.fc.bias)
    losses = model(inputs, batch()[1], mode='loss')
    for term in ('loss_consistency', 'loss_balance'):
        torch.testing.assert_close(losses[term], torch.tensor(0.0), atol=1e-6, rtol=0)


def test_serves_losses_with_state_and_stamped_weights():
    model = build(dict(type='mmnoisy.SOPLoss', num_classes=K, num_samples=B, init_std=0.5)).double()
    inputs, (_, samples, labels) = views().double(), batch()
    for i, sample in enumerate(samples):
        sample.set_field(float(i), 'sample_weight', field_type='metainfo')
    loss = model(inputs, samples, mode='loss')['loss']
    weak = model(inputs.flatten(0, 1))[:B]
    values = model.head.loss_module(weak, F.one_hot(labels, K), sample_idx=torch.arange(B), reduction_override='none')
    torch.testing.assert_close(loss, (values * torch.arange(B)).mean())


def test_bad_options_and_views():
    for args in (dict(consistency_weight=-1), dict(balance_weight=-0.1)):
        with pytest.raises(ValueError, match='consistency_weight and balance_weight must be'):
            build(**args)
    for inputs in (views()[0], views()[:1], torch.cat([views(), views()])):
        with pytest.raises(ValueError, match='ConsistencyClassifier needs two views'):
            build()(inputs, batch()[1], mode='loss')
