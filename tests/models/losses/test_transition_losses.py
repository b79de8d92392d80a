"""Losses with a transition matrix: their properties, their gradients, and T from every kind of config value."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import mmnoisy.models  # noqa: F401
from mmnoisy.registry import MODELS

K, B = 4, 5
T = np.array([[0.7, 0.1, 0.1, 0.1], [0, 0.8, 0.2, 0], [0, 0, 1, 0], [0.3, 0, 0.1, 0.6]])
TYPES = ('ForwardCorrectionLoss', 'BackwardCorrectionLoss', 'ImportanceReweightingLoss')


def build(type, transition=T, **kwargs):
    return MODELS.build(dict(type=f'mmnoisy.{type}', num_classes=K, transition=transition, reduction='none', **kwargs))


def logits():
    return torch.randn(B, K, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()


def test_backward_is_unbiased():
    # The mean over the noisy labels of class i is cross entropy with i.
    z = logits()
    loss = build('BackwardCorrectionLoss')
    of_label = torch.stack([loss(z, torch.full((B,), j)) for j in range(K)], 1)
    for i in range(K):
        torch.testing.assert_close(
            of_label @ torch.as_tensor(T[i]),
            F.cross_entropy(z, torch.full((B,), i), reduction='none'),
            rtol=1e-6,
            atol=1e-6,
        )


def test_forward_is_smallest_at_the_clean_posterior():
    # One input, labels distributed as row 1 of T: the best prediction is class 1, not the noisy distribution.
    z = torch.zeros(1, K, dtype=torch.float64, requires_grad=True)
    target = torch.as_tensor(T[1:2])
    optimizer = torch.optim.Adam([z], lr=0.1)
    for _ in range(300):
        optimizer.zero_grad()
        build('ForwardCorrectionLoss')(z, target).sum().backward()
        optimizer.step()
    assert z.softmax(1)[0, 1] > 0.98


def test_reweighting_has_no_gradient_through_the_weight():
    z, labels = logits(), torch.tensor([0, 1, 2, 3, 1])
    build('ImportanceReweightingLoss')(z, labels).sum().backward()
    p = z.detach().softmax(1).numpy()
    ratio = p[range(B), labels] / (p @ T)[range(B), labels]
    np.testing.assert_allclose(z.grad, ratio[:, None] * (p - np.eye(K)[labels]), rtol=1e-6)


def test_revision_learns_the_slack():
    z, labels = logits(), torch.tensor([0, 1, 2, 3, 1])
    loss = build('ImportanceReweightingLoss', revise=True)
    torch.testing.assert_close(loss(z, labels), build('ImportanceReweightingLoss')(z, labels), rtol=1e-5, atol=1e-5)
    loss.double()(z, labels).sum().backward()
    # Numerical derivative of one entry.
    values, step = [], 1e-5
    for sign in (1, -1):
        with torch.no_grad():
            loss.slack.zero_()[0, 1] = sign * step
            values.append(loss(z, labels).sum().item())
    assert loss.slack.grad[0, 1].item() == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-4)
    assert loss.slack.grad[0, 1] != 0


def test_confident_wrong_prediction_keeps_its_gradient():
    z = torch.tensor([[30.0, 0, 0, 0]], requires_grad=True)
    build('ForwardCorrectionLoss', transition=None)(z, torch.tensor([1])).sum().backward()
    assert z.grad[0, 1] < -0.9


@pytest.mark.parametrize('type', TYPES)
def test_matrix_from_file_and_from_kind(type, tmp_path):
    z, labels = logits(), torch.tensor([0, 1, 2, 3, 1])
    path = tmp_path / 'T.npy'
    np.save(path, T)
    assert torch.equal(build(type, transition=str(path))(z, labels), build(type)(z, labels))
    pair = np.eye(K) * 0.75 + np.roll(np.eye(K), 1, axis=1) * 0.25
    by_kind = build(type, transition=dict(kind='pairflip', rate=0.25))
    assert torch.equal(by_kind(z, labels), build(type, transition=pair)(z, labels))
    # T travels with the checkpoint.
    other = build(type, transition=None)
    other.load_state_dict(by_kind.state_dict())
    assert torch.equal(other(z, labels), by_kind(z, labels))


@pytest.mark.parametrize(
    'transition, message',
    [
        (np.eye(3), r'shape \(3, 3\)'),
        (np.eye(K) * 0.9, 'row 0 .*sums to 0.9'),
        (np.eye(K) * 2 - np.ones((K, K)) / K, 'outside'),
        (dict(kind='instance', rate=0.2), "unknown kind 'instance'"),
        (dict(kind='pairflip'), "transition: noise: kind 'pairflip' needs the option 'rate'"),
    ],
)
def test_refuses_what_is_no_transition_matrix(transition, message):
    with pytest.raises(ValueError, match=message):
        build('ForwardCorrectionLoss', transition=transition)
    if not isinstance(transition, dict):
        with pytest.raises(ValueError, match=message):
            build('ForwardCorrectionLoss').set_transition(transition)


def test_refuses_missing_file_and_singular_matrix(tmp_path):
    with pytest.raises(FileNotFoundError, match='TransitionHook writes'):
        build('ForwardCorrectionLoss', transition=str(tmp_path / 'none.npy'))
    with pytest.raises(ValueError, match='singular'):
        build('BackwardCorrectionLoss', transition=np.full((K, K), 1 / K))


def test_gradient_through_the_weight():
    """As in T-Revision's ``reweighting_revision_loss``: d/dz of ``p_y / (T^T p)_y * CE`` with nothing held fixed."""
    z, labels = logits(), torch.tensor([0, 1, 2, 3, 1])
    loss = build('ImportanceReweightingLoss', revise=True, weight_gradient=True).double()
    (found,) = torch.autograd.grad(loss(z, labels).sum(), z)
    numeric, step = np.zeros((B, K)), 1e-6
    for i, k in np.ndindex(B, K):
        values = []
        for sign in (1, -1):
            moved = z.detach().double().numpy().copy()
            moved[i, k] += sign * step
            p = np.exp(moved - moved.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            own = p[range(B), labels]
            values.append((own / (p @ T)[range(B), labels] * -np.log(own)).sum())
        numeric[i, k] = (values[0] - values[1]) / (2 * step)
    np.testing.assert_allclose(found, numeric, rtol=1e-4, atol=1e-6)
