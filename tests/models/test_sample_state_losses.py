"""ELR and SOP against a numpy reference with hand-derived gradients, and what they keep per sample."""

import numpy as np
import pytest
import torch

import mmnoisy.models  # noqa: F401
from mmnoisy.registry import MODELS

K, N = 4, 7
ROWS = torch.tensor([5, 0, 3])
LABELS = torch.tensor([2, 0, 3])
Y = np.eye(K)[LABELS]


def elr(**kwargs):
    return MODELS.build(dict(type='mmnoisy.ELRLoss', num_classes=K, reduction='none', **kwargs))


def logits(seed):
    return torch.randn(3, K, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)).requires_grad_()


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def test_elr_value_targets_and_gradient_over_three_visits():
    loss = elr(lam=3.0, beta=0.7).double()
    t = np.zeros((3, K))
    for visit in range(3):
        z = logits(visit)
        value = loss(z, LABELS, sample_idx=ROWS)
        value.sum().backward()
        p = softmax(z.detach().numpy())
        t = 0.7 * t + 0.3 * p
        inner = (t * p).sum(1, keepdims=True)
        np.testing.assert_allclose(value.detach(), -np.log(p[Y > 0]) + 3 * np.log(1 - inner[:, 0]), rtol=1e-9)
        # d log(1 - <t, p>) / dz = -(t p - p <t, p>) / (1 - <t, p>)
        np.testing.assert_allclose(z.grad, p - Y - 3 * (t * p - p * inner) / (1 - inner), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(loss.targets[ROWS], t, rtol=1e-9)
    others = [row for row in range(len(loss.targets)) if row not in ROWS]
    assert not loss.targets[others].any()


@pytest.mark.parametrize('passive', [lambda loss: loss.eval(), lambda loss: torch.set_grad_enabled(False)])
def test_elr_targets_stand_still_outside_training(passive):
    loss = elr()
    loss(logits(0), LABELS, sample_idx=ROWS)
    before = loss.targets.clone()
    try:
        passive(loss)
        loss(logits(1), LABELS, sample_idx=ROWS)
    finally:
        torch.set_grad_enabled(True)
    assert torch.equal(loss.targets, before)


def test_elr_half_storage_is_close():
    full, half = elr(), elr(dtype='float16')
    for loss in (full, half):
        loss.set_num_samples(N)
    for visit in range(3):
        z = logits(visit)
        torch.testing.assert_close(
            half(z, LABELS, sample_idx=ROWS), full(z, LABELS, sample_idx=ROWS), rtol=1e-2, atol=1e-2
        )
    assert half.targets.dtype == torch.float16 and half.targets.shape == (N, K)


def test_elr_state_is_loaded_into_a_fresh_loss():
    trained, fresh = elr(), elr()
    trained(logits(0), LABELS, sample_idx=ROWS)
    fresh.load_state_dict(trained.state_dict())
    z = logits(1)
    assert torch.equal(fresh(z, LABELS, sample_idx=ROWS), trained(z, LABELS, sample_idx=ROWS))


def test_sop_value_and_gradients():
    loss = MODELS.build(dict(type='mmnoisy.SOPLoss', num_classes=K, num_samples=N, reduction='none')).double()
    with torch.no_grad():
        loss.u.uniform_(-0.8, 0.8, generator=torch.Generator().manual_seed(1))
        loss.v.uniform_(-0.3, 0.3, generator=torch.Generator().manual_seed(2))
    z = logits(3)
    value = loss(z, LABELS, sample_idx=ROWS)
    value.sum().backward()

    p, u, v = softmax(z.detach().numpy()), loss.u.detach().numpy()[ROWS], loss.v.detach().numpy()[ROWS]
    q = p + u**2 * Y - v**2 * (1 - Y)
    free = q > 1e-4  # below, the sum is cut and has no gradient
    assert not free.all() and free.any()
    q = np.maximum(q, 1e-4)
    total = q.sum(1, keepdims=True)
    error = np.eye(K)[p.argmax(1)] + u**2 * Y - v**2 * (1 - Y) - Y
    np.testing.assert_allclose(value.detach(), -np.log((q / total)[Y > 0]) + (error**2).sum(1), rtol=1e-9)
    # CE = log sum(q) - log q_y
    dq = free * (1 / total - Y / q)
    np.testing.assert_allclose(z.grad, p * (dq - (dq * p).sum(1, keepdims=True)), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(loss.u.grad[ROWS], ((dq + 2 * error) * Y * 2 * u).sum(1, keepdims=True), rtol=1e-9)
    np.testing.assert_allclose(loss.v.grad[ROWS], -2 * error * (1 - Y) * 2 * v, rtol=1e-9, atol=1e-12)
    others = [row for row in range(N) if row not in ROWS]
    assert not loss.u.grad[others].any() and not loss.v.grad[others].any()


def test_clear_errors():
    with pytest.raises(ValueError, match='SampleAwareClassifier'):
        elr()(logits(0), LABELS)
    with pytest.raises(ValueError, match='beta in'):
        elr(beta=1.0)
    with pytest.raises(ValueError, match="not 'int8'"):
        elr(dtype='int8')
    with pytest.raises(ValueError, match='write num_samples=9'):
        MODELS.build(dict(type='mmnoisy.SOPLoss', num_classes=K, num_samples=N)).set_num_samples(9)
