"""Formulas against float64 references in numpy; steps and classifiers on small networks."""

import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample

from mmnoisy.functional.mixing import draw_mix, mix
from mmnoisy.functional.objectives import brier, masked_cross_entropy, prior_penalty, soft_cross_entropy
from mmnoisy.functional.soft_labels import co_guess, co_refine, masked_pseudo_label, sharpen
from mmnoisy.progress import linear_ramp
from mmnoisy.registry import MODELS
from mmnoisy.stamps import Division, write_division

RNG = np.random.default_rng(0)
B, K, V = 7, 5, 2


def probabilities(*shape):
    values = np.exp(2 * RNG.normal(size=shape))
    return values / values.sum(-1, keepdims=True)


def softmax(logits):
    values = np.exp(logits - logits.max(-1, keepdims=True))
    return values / values.sum(-1, keepdims=True)


def tensor(array):
    return torch.from_numpy(np.ascontiguousarray(array))


def close(ours, reference):
    np.testing.assert_allclose(np.asarray(ours), reference, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('temperature', [1.0, 0.5, 0.1])
def test_sharpen(temperature):
    p = probabilities(V, B, K)
    reference = p ** (1 / temperature)
    close(sharpen(tensor(p), temperature), reference / reference.sum(-1, keepdims=True))


def test_sharpen_survives_float32_extremes():
    p = torch.tensor([[1e-20, 1 - 1e-7, 0.0], [1 / 3, 1 / 3, 1 / 3]])
    assert torch.allclose(sharpen(p, 0.1), torch.tensor([[0.0, 1.0, 0.0], [1 / 3, 1 / 3, 1 / 3]]))


def test_co_refine():
    label, w, p = np.eye(K)[RNG.integers(K, size=B)], RNG.random(B), probabilities(V, B, K)
    reference = (w[:, None] * label + (1 - w[:, None]) * (p[0] + p[1]) / 2) ** 2
    close(co_refine(tensor(label), tensor(w), tensor(p)), reference / reference.sum(1, keepdims=True))
    close(co_refine(tensor(label), torch.ones(B).double(), tensor(p)), label)


def test_co_guess():
    p = probabilities(2 * V, B, K)
    reference = ((p[0] + p[1] + p[2] + p[3]) / 4) ** 2
    close(co_guess(tensor(p)), reference / reference.sum(1, keepdims=True))


def test_mix():
    values, order = RNG.normal(size=(B, 3, 2)), RNG.permutation(B)
    close(mix(tensor(values), 0.8, tensor(order)), 0.8 * values + 0.2 * values[order])


def test_draw_mix_has_the_folded_beta_distribution():
    torch.manual_seed(0)
    draws = [draw_mix(9, 4.0) for _ in range(2000)]
    lams = np.array([lam for lam, _ in draws])
    assert lams.min() >= 0.5 and lams.max() <= 1
    reference = np.random.default_rng(0).beta(4, 4, 100000)
    assert abs(lams.mean() - np.maximum(reference, 1 - reference).mean()) < 0.01
    assert sorted(draws[0][1].tolist()) == list(range(9)) and draws[0][1].tolist() != draws[1][1].tolist()


@pytest.mark.parametrize('epochs, value', [(-1, 0), (0, 0), (4, 0.25), (15.5, 0.96875), (16, 1), (40, 1)])
def test_linear_ramp(epochs, value):
    assert linear_ramp(epochs, 16) == value
    assert linear_ramp(epochs, 0) == 1


def test_losses():
    logits, target = 3 * RNG.normal(size=(B, K)), probabilities(B, K)
    p = softmax(logits)
    close(soft_cross_entropy(tensor(logits), tensor(target)), -(target * np.log(p)).sum(1))
    close(brier(tensor(logits), tensor(target)), ((p - target) ** 2).sum(1) / K)
    mean = p.sum(0) / B
    close(prior_penalty(tensor(logits)), sum(1 / K * np.log(1 / K / mean[k]) for k in range(K)))
    assert prior_penalty(torch.zeros(3, K)).abs() < 1e-6


def test_fixmatch_loss():
    p, logits = probabilities(B, K), RNG.normal(size=(B, K))
    label, mask = masked_pseudo_label(tensor(p), 0.6)
    close(label, p.argmax(1)), close(mask, p.max(1) >= 0.6)
    assert 0 < mask.sum() < B
    reference = [-np.log(softmax(logits)[i, p[i].argmax()]) if p[i].max() >= 0.6 else 0 for i in range(B)]
    close(masked_cross_entropy(tensor(logits), label, mask), reference)


def step_arguments(labelled=(0, 2, 3), seed=0):
    rng = np.random.default_rng(seed)
    unlabelled = [i for i in range(B) if i not in labelled]
    return dict(
        views=tensor(rng.normal(size=(V, B, 1, 2, 2))),
        label=tensor(np.eye(K)[rng.integers(K, size=B)]),
        p_clean=tensor(rng.random(B)),
        labelled=torch.tensor(labelled, dtype=torch.int64),
        unlabelled=torch.tensor(unlabelled, dtype=torch.int64),
        own=tensor(probabilities(V, B, K)),
        guess=tensor(probabilities(2 * V, B, K)),
    )


class Network(torch.nn.Module):
    """Linear, and keeps what it was given."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(tensor(RNG.normal(size=(4, K))))

    def forward(self, images):
        self.images = images
        return images.flatten(1) @ self.weight


@pytest.mark.parametrize('labelled_only', [False, True])
def test_mixmatch_step(labelled_only):
    network, args = Network(), step_arguments()
    step = MODELS.build(
        dict(
            type='mmnoisy.MixMatchStep', lambda_u=10, ramp_epochs=16, prior_weight=2, alpha=0.5,
            labelled_only=labelled_only,
        )
    )  # fmt: skip
    torch.manual_seed(5)
    losses = step(network, **args, age=4.0)
    torch.manual_seed(5)
    lam, order = draw_mix(V * B, 0.5)

    a = {name: np.asarray(value) for name, value in args.items()}
    w = a['p_clean'][:, None]
    refined = (w * a['label'] + (1 - w) * a['own'].mean(0)) ** 2
    guessed = a['guess'].mean(0) ** 2
    images = [a['views'][v, i] for part in ('labelled', 'unlabelled') for v in range(V) for i in a[part]]
    target = [refined[i] / refined[i].sum() for v in range(V) for i in a['labelled']]
    target += [guessed[i] / guessed[i].sum() for v in range(V) for i in a['unlabelled']]
    images, target, order = np.stack(images), np.stack(target), order.numpy()
    images = lam * images + (1 - lam) * images[order]
    target = lam * target + (1 - lam) * target[order]
    n = V * len(a['labelled'])
    if labelled_only:
        images, target = images[:n], target[:n]
    close(network.images, images)
    # The step computes in float32.
    p = softmax(images.reshape(-1, 4) @ network.weight.detach().numpy())
    near = dict(rtol=1e-5)
    np.testing.assert_allclose(losses['loss_labelled'].item(), -(target[:n] * np.log(p[:n])).sum(1).mean(), **near)
    np.testing.assert_allclose(losses['loss_prior'].item(), -2 * np.log(K * p.mean(0)).mean(), **near)
    if labelled_only:
        assert 'loss_unlabelled' not in losses
    else:
        reference = 10 * 0.25 * ((p[n:] - target[n:]) ** 2).mean()
        np.testing.assert_allclose(losses['loss_unlabelled'].item(), reference, **near)


def test_fixmatch_step():
    network, args = Network(), step_arguments()
    args['guess'][:, 1] = torch.tensor([0.0, 0.99, 0.01, 0.0, 0.0])
    losses = MODELS.build(dict(type='mmnoisy.FixMatchStep', lambda_u=3, confidence=0.9))(network, **args)
    a = {name: np.asarray(value) for name, value in args.items()}
    weight = network.weight.detach().numpy()
    weak = softmax(a['views'][0, a['labelled']].reshape(-1, 4) @ weight)
    strong = softmax(a['views'][1, a['unlabelled']].reshape(-1, 4) @ weight)
    w = a['p_clean'][a['labelled']][:, None]
    refined = (w * a['label'][a['labelled']] + (1 - w) * a['own'][:, a['labelled']].mean(0)) ** 2
    refined /= refined.sum(1, keepdims=True)
    near = dict(rtol=1e-5)
    np.testing.assert_allclose(losses['loss_labelled'].item(), -(refined * np.log(weak)).sum(1).mean(), **near)
    guess = a['guess'].mean(0)[a['unlabelled']]
    terms = [-np.log(q[g.argmax()]) * (g.max() >= 0.9) for q, g in zip(strong, guess)]
    np.testing.assert_allclose(losses['loss_unlabelled'].item(), 3 * np.mean(terms), **near)
    assert losses['pseudo_label_share'] == (guess.max(1) >= 0.9).mean() > 0


@pytest.mark.parametrize('type', ['MixMatchStep', 'FixMatchStep'])
@pytest.mark.parametrize('labelled', [(), tuple(range(B))])
def test_steps_without_labelled_or_unlabelled_samples(type, labelled):
    network = Network()
    losses = MODELS.build(dict(type=f'mmnoisy.{type}', prior_weight=1))(network, **step_arguments(labelled))
    assert losses['loss_unlabelled' if labelled else 'loss_labelled'] == 0
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    assert network.weight.grad.isfinite().all()


@pytest.mark.parametrize('options', [dict(lambda_u=-1), dict(temperature=0), dict(alpha=0), dict(prior_weight=-1)])
def test_bad_step_options(options):
    with pytest.raises(ValueError, match='MixMatchStep'):
        MODELS.build(dict(type='mmnoisy.MixMatchStep', **options))


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
