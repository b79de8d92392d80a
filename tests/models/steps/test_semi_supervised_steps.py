"""Steps against float64 references in numpy, on a linear network."""

import numpy as np
import pytest
import torch

import mmnoisy.models  # noqa: F401
from mmnoisy.functional.mixing import draw_mix
from mmnoisy.registry import MODELS
from tests.arrays import RNG, close, probabilities, softmax, tensor

B, K, V = 7, 5, 2


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
