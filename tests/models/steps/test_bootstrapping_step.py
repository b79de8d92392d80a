"""M-correction's loss against the paper's formula, term by term in float64, and its gradient."""

import numpy as np
import pytest
import torch

from mmnoisy.models.steps.bootstrapping_step import BootstrappingStep
from tests.arrays import softmax, tensor
from tests.models.steps.test_semi_supervised_steps import B, K, Network, V, step_arguments

ALL = tuple(range(B))


def paper(logits, y, w, z, order, lam, prior_weight):
    """M-DYR: ``lam [w CE(y_a) + (1-w) CE(z_a)] + (1-lam) [w CE(y_b) + (1-w) CE(z_b)]`` and KL(uniform || mean p)."""
    p, total = softmax(logits), 0.0
    for a, b in enumerate(order):
        for i, share in ((a, lam), (b, 1 - lam)):
            for k in range(K):
                total -= share * (w[i] * y[i, k] + (1 - w[i]) * z[i, k]) * np.log(p[a, k])
    prior = sum(np.log(1 / K / mean) / K for mean in p.mean(0))
    return total / len(order) + prior_weight * prior


@pytest.mark.parametrize('kind', ['hard', 'soft'])
@pytest.mark.parametrize('views', [1, V])
def test_step_equals_the_papers_formula(monkeypatch, kind, views):
    args = step_arguments(ALL)
    args['views'], args['own'] = args['views'][:views], args['own'][:views]
    lam, order = 0.7, np.random.default_rng(1).permutation(views * B)
    monkeypatch.setattr(
        'mmnoisy.models.steps.bootstrapping_step.draw_mix', lambda size, alpha, device: (lam, tensor(order))
    )
    network = Network()
    losses = BootstrappingStep(kind, prior_weight=0.3)(network, **args)

    images = args['views'].flatten(0, 1).numpy()
    np.testing.assert_allclose(network.images, lam * images + (1 - lam) * images[order])
    # The step brings the logits to float32.
    logits = network(network.images).detach().float().double().numpy()
    z = args['own'].flatten(0, 1).numpy()
    z = np.eye(K)[z.argmax(1)] if kind == 'hard' else z
    y, w = np.tile(args['label'].numpy(), (views, 1)), np.tile(args['p_clean'].numpy(), views)
    reference = paper(logits, y, w, z, order, lam, 0.3)
    assert sum(losses.values()).item() == pytest.approx(reference, rel=1e-5)


def test_the_prediction_has_no_gradient_and_trust_decides():
    args = step_arguments(ALL)
    network = Network()
    for trust, target in ((1.0, args['label']), (0.0, torch.eye(K)[args['own'][0].argmax(1)])):
        args['p_clean'] = torch.full((B,), trust).double()
        args['views'], args['own'] = args['views'][:1], args['own'][:1]
        network.zero_grad()
        BootstrappingStep(alpha=0, prior_weight=0)(network, **args)['loss_bootstrap'].backward()
        x = args['views'][0].flatten(1)
        expected = x.T @ ((x @ network.weight.detach()).softmax(1) - target) / B
        torch.testing.assert_close(network.weight.grad, expected, rtol=1e-5, atol=1e-6)


def test_a_hidden_label_is_not_trusted_whatever_p_clean_says():
    args = step_arguments((0, 2))
    hidden = dict(args, p_clean=args['p_clean'].clone())
    hidden['p_clean'][[1, 3, 4, 5, 6]] = 0
    hidden.update(labelled=torch.arange(B), unlabelled=torch.arange(0))
    network, step = Network(), BootstrappingStep(alpha=0)
    assert step(network, **args)['loss_bootstrap'] == step(network, **hidden)['loss_bootstrap']


@pytest.mark.parametrize('options', [dict(kind='x'), dict(alpha=-1), dict(prior_weight=-1)])
def test_bad_options(options):
    with pytest.raises(ValueError, match='BootstrappingStep'):
        BootstrappingStep(**options)
