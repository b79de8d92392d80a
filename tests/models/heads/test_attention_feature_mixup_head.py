import pytest
import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample

import mmnoisy  # noqa: F401
from mmnoisy.registry import MODELS

CLASSES, CHANNELS = 4, 6


def build(seed=0, **kwargs):
    torch.manual_seed(seed)
    config = dict(
        type='mmnoisy.AttentionFeatureMixupHead',
        num_classes=CLASSES,
        in_channels=CHANNELS,
        loss=dict(type='CrossEntropyLoss'),
    )
    head = MODELS.build(dict(config, **kwargs))
    head.init_weights()
    return head.double()


def batch(size, seed=1, soft=False):
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(size, CHANNELS, generator=generator, dtype=torch.float64)
    label = torch.randint(CLASSES, (size,), generator=generator)
    target = F.one_hot(label, CLASSES).double()
    samples = [DataSample().set_gt_label(int(value)) for value in label]
    if soft:
        target = torch.rand(size, CLASSES, generator=generator, dtype=torch.float64).softmax(1)
        for sample, row in zip(samples, target):
            sample.set_gt_score(row)
    return features, samples, target


def reference(head, features, target, groups, weight=None):
    """Both losses, sample by sample and group by group."""

    def cross_entropy(x, y):
        score = x @ head.fc.weight.T + head.fc.bias
        return -(y * (score - score.logsumexp(0))).sum()

    weight = torch.ones(len(features), dtype=torch.float64) if weight is None else weight
    plain = sum(w * cross_entropy(x, y) for w, x, y in zip(weight, features, target)) / len(features)
    mixed = 0
    for members in groups.tolist():
        hidden = sum(F.relu(layer(features[row])) for layer, row in zip(head.attention.project, members))
        score = torch.cat([head.attention.score(hidden), torch.zeros(1, dtype=torch.float64)])
        attention = score.exp() / score.exp().sum()
        if len(members) == 2:
            assert attention[0].item() == pytest.approx(torch.sigmoid(score[0]).item())
        share = torch.full_like(attention, 1 / len(members)) if head.equal_targets else attention
        x = sum(a * features[row] for a, row in zip(attention, members))
        y = sum(s * target[row] for s, row in zip(share, members))
        factor = sum(s.detach() * weight[row] for s, row in zip(share, members))
        mixed = mixed + factor * cross_entropy(x, y) / len(groups)
    return (1 - head.afm_weight) * plain, head.afm_weight * mixed


@pytest.mark.parametrize('weighted', [False, True])
@pytest.mark.parametrize('soft', [False, True])
@pytest.mark.parametrize('options', [{}, dict(equal_targets=True, afm_weight=0.4), dict(group_size=3)])
def test_losses_match_reference(options, soft, weighted):
    head = build(**options)
    features, samples, target = batch(8, soft=soft)
    weight = torch.linspace(0.2, 2, 8, dtype=torch.float64) if weighted else None
    torch.manual_seed(3)
    losses = head.loss((features,), samples, **({} if weight is None else dict(weight=weight)))
    torch.manual_seed(3)
    groups = head.random_groups(8, weight, 'cpu')
    plain, mixed = reference(head, features, target, groups, weight)
    torch.testing.assert_close(losses['loss'], plain)
    torch.testing.assert_close(losses['loss_afm'], mixed)


@pytest.mark.parametrize('equal_targets', [False, True])
def test_gradient(equal_targets):
    head = build(equal_targets=equal_targets)
    features, samples, _ = batch(5)

    def total(x):
        torch.manual_seed(0)
        losses = head.loss((x,), samples)
        return losses['loss'] + losses['loss_afm']

    assert torch.autograd.gradcheck(total, features.requires_grad_())
    total(features).backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in head.parameters())


@pytest.mark.parametrize('group_size', [2, 3, 5])
def test_attention_weights_are_shares(group_size):
    head = build(group_size=group_size)
    weights = head.attention(10 * torch.randn(7, group_size, CHANNELS, dtype=torch.float64))
    assert weights.shape == (7, group_size)
    assert ((weights >= 0) & (weights <= 1)).all()
    torch.testing.assert_close(weights.sum(1), torch.ones(7, dtype=torch.float64))


@pytest.mark.parametrize('size, group_size, count', [(7, 2, 3), (8, 3, 2), (1, 2, 0), (2, 5, 0)])
def test_groups_hold_each_sample_once_and_leave_the_remainder(size, group_size, count):
    groups = build(group_size=group_size).random_groups(size, None, 'cpu')
    assert groups.shape == (count, group_size)
    assert len(groups.unique()) == groups.numel()


def test_samples_without_weight_are_in_no_mixture():
    head = build()
    weight = torch.tensor([1.0, 0, 1, 0, 1, 1, 0])
    for _ in range(5):
        assert sorted(head.random_groups(7, weight, 'cpu').flatten().tolist()) == [0, 2, 4, 5]
    features, samples, _ = batch(7)
    losses = head.loss((features,), samples, weight=torch.zeros(7, dtype=torch.float64))
    assert losses['loss'] == 0 and losses['loss_afm'] == 0


@pytest.mark.parametrize('size, group_size', [(1, 2), (3, 4)])
def test_batch_smaller_than_a_group_takes_the_plain_path(size, group_size):
    head = build(group_size=group_size)
    features, samples, target = batch(size)
    losses = head.loss((features,), samples)
    plain = F.cross_entropy(head.fc(features), target) * (1 - head.afm_weight)
    torch.testing.assert_close(losses['loss'], plain)
    assert losses['loss_afm'] == 0
    sum(losses.values()).backward()
    # DDP waits for every gradient.
    assert all(parameter.grad is not None for parameter in head.parameters())


def test_prediction_is_the_plain_path():
    head = build()
    features, _, _ = batch(4)
    torch.testing.assert_close(head((features,)), head.fc(features))
    scores = torch.stack([sample.pred_score for sample in head.predict((features,))])
    torch.testing.assert_close(scores, head.fc(features).softmax(1))


def test_takes_a_robust_loss():
    head = build(loss=dict(type='mmnoisy.GCELoss', q=0.5))
    features, samples, _ = batch(6)
    losses = head.loss((features,), samples, weight=torch.ones(6, dtype=torch.float64))
    assert losses['loss'] > 0 and losses['loss_afm'] > 0


def test_attention_keeps_its_own_initialisation():
    head = build()
    weight = head.attention.project[0].weight
    # Uniform with PyTorch's bound, 1 / sqrt(inputs), not normal with 0.01.
    assert 0.5 * CHANNELS**-0.5 < weight.abs().max() <= CHANNELS**-0.5
    assert head.fc.weight.std() < 0.05


@pytest.mark.parametrize('options, message', [(dict(group_size=1), 'group_size'), (dict(afm_weight=1.5), 'afm_weight')])
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


def test_refuses_a_loss_that_keeps_something_per_sample():
    class PerSample(torch.nn.Module):
        needs_sample_idx = True

    with pytest.raises(ValueError, match='PerSample keeps something per sample'):
        build(loss=PerSample())
