"""Classifiers that learn by a step, on small networks."""

import pytest
import torch
from mmpretrain.structures import DataSample

import mmnoisy.models  # noqa: F401
from mmnoisy.registry import MODELS
from mmnoisy.stamps import Division, write_division

B, K, V = 7, 5, 2
NETWORK = dict(
    backbone=dict(type='mmnoisy.CNN3', in_channels=1, channels=(4, 4, 4)),
    head=dict(type='LinearClsHead', num_classes=K, in_channels=4, loss=dict(type='CrossEntropyLoss')),
)
STEP = dict(type='mmnoisy.MixMatchStep', lambda_u=5)


def samples(networks, labelled=None, **options):
    result = [DataSample().set_gt_label(i % K) for i in range(B)]
    if labelled is not None:
        used = torch.tensor([[i in part for part in labelled] for i in range(B)])
        write_division(result, Division(torch.full((B, networks), 0.7), used, **options))
    return result


def test_classifier_uses_its_division():
    torch.manual_seed(0)
    model = MODELS.build(dict(type='mmnoisy.SemiSupervisedClassifier', step=STEP, **NETWORK))
    inputs = torch.randn(V, B, 1, 8, 8)
    assert set(model(inputs, samples(1, [[0, 1]]), mode='loss')) == {'loss_labelled', 'loss_unlabelled'}
    assert set(model(inputs, samples(1), mode='loss')) == {'loss'}
    with pytest.raises(ValueError, match='two views'):
        model(inputs[0], samples(1, [[0, 1]]), mode='loss')


def divide_mix(**kwargs):
    torch.manual_seed(0)
    return MODELS.build(dict(type='mmnoisy.DivideMix', network=NETWORK, step=STEP, **kwargs))


def test_dividemix_gives_each_network_its_division():
    model, seen = divide_mix(), []
    model.step = lambda network, views, label, p_clean, labelled, unlabelled, own, guess, age: (
        seen.append((labelled.tolist(), unlabelled.tolist(), own, guess)) or dict(loss_labelled=own.sum())
    )
    model.step.guess_views = slice(None)
    losses = model(torch.randn(V, B, 1, 8, 8), samples(2, [[0, 1], [2, 5, 6]]), mode='loss')
    assert set(losses) == {'loss_net1_labelled', 'loss_net2_labelled'}
    assert seen[0][:2] == ([0, 1], [2, 3, 4, 5, 6]) and seen[1][:2] == ([2, 5, 6], [0, 1, 3, 4])
    own1, own2 = seen[0][2], seen[1][2]
    assert own1.shape == (V, B, K) and not torch.equal(own1, own2)
    assert all(torch.equal(call[3], torch.cat([own1, own2])) for call in seen)


def test_dividemix_warm_up_is_plain_training():
    model = divide_mix()
    inputs = torch.randn(V, B, 1, 8, 8)
    losses = model(inputs, samples(2), mode='loss')
    label = torch.arange(B) % K
    reference = torch.nn.functional.cross_entropy(model.net1(inputs[0]), label)
    assert torch.allclose(losses['loss_net1'], reference) and set(losses) == {'loss_net1', 'loss_net2'}


def test_an_inactive_network_only_guesses():
    model = divide_mix().train()
    before = {name: value.clone() for name, value in model.net1.state_dict().items()}
    losses = model(torch.randn(V, B, 1, 8, 8), samples(2, [[0, 1], [2, 5, 6]], active=(1,)), mode='loss')
    assert set(losses) == {'loss_net2_labelled', 'loss_net2_unlabelled'}
    sum(losses.values()).backward()
    assert all(parameter.grad is None for parameter in model.net1.parameters())
    # Neither its weights nor its running statistics change, and it is in train mode again.
    assert all(torch.equal(value, before[name]) for name, value in model.net1.state_dict().items())
    assert model.net1.training


def test_penalties_of_active_networks_are_kept():
    penalty = dict(type='mmnoisy.L1Penalty', weight=0.1)
    network = dict(NETWORK, type='mmnoisy.SampleAwareClassifier', penalties=[penalty])
    model = MODELS.build(dict(type='mmnoisy.DivideMix', network=network, step=STEP))
    losses = model(torch.randn(V, B, 1, 8, 8), samples(2, [[0, 1], [2, 5, 6]], active=(0,)), mode='loss')
    assert set(losses) == {'loss_net1_labelled', 'loss_net1_unlabelled', 'loss_net1_l1'}
