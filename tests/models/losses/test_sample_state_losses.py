"""ELR, PENCIL and SOP against references in float64, their gradients, and what they keep per sample."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub

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


def test_elr_averages_bounded_predictions_that_sum_to_one():
    """Of a certain prediction: [1e-4, 1 - 1e-4] holds it, and what it then sums to is divided out."""
    loss = elr(beta=0.7).double()
    loss(torch.tensor([[50.0, 0, 0, 0]] * 3, dtype=torch.float64), LABELS, sample_idx=ROWS)
    bounded = np.array([1 - 1e-4, 1e-4, 1e-4, 1e-4])
    np.testing.assert_allclose(loss.targets[ROWS], np.tile(0.3 * bounded / bounded.sum(), (3, 1)), rtol=1e-9)
    np.testing.assert_allclose(loss.targets[ROWS].sum(1), 0.3, rtol=1e-9)


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


def pencil(**kwargs):
    args = dict(num_classes=K, stages=(0, 2), reduction='none')
    return MODELS.build(dict(type='mmnoisy.PENCILLoss', **{**args, **kwargs}))


@pytest.fixture
def runtime():
    """Set the epoch or the iteration that losses see."""
    hub = MessageHub.get_current_instance()
    before = {key: hub.get_info(key, 0) for key in ('epoch', 'iter')}
    yield lambda **values: [hub.update_info(key, value) for key, value in values.items()]
    for key, value in before.items():
        hub.update_info(key, value)


def torch_pencil(z, y_tilde, single, alpha=0.3, beta=0.2):
    """The official code's expressions, a mean over (B, K) entries where it has one; one value a sample."""
    p, s = z.softmax(1), y_tilde.softmax(1)
    compatibility = -s.log()[range(3), LABELS] if single else F.cross_entropy(s, LABELS, reduction='none')
    entropy = -(p * p.log()).mean(1)
    return (p * (p.log() - s.log())).mean(1) + alpha * compatibility + beta * entropy


@pytest.mark.parametrize('single', [False, True])
def test_pencil_learns_labels_and_network_by_autograd_of_the_formula(single, runtime):
    runtime(epoch=1)
    # Stored in float64 here, to compare more than float32 holds.
    loss = pencil(alpha=0.3, beta=0.2, label_lr=40.0, single_softmax=single).double()
    y_tilde = 10 * torch.tensor(Y)
    for visit in range(4):
        z, reference = logits(visit), logits(visit)
        values = loss(z, LABELS, sample_idx=ROWS)
        values.sum().backward()
        y_tilde = y_tilde.detach().requires_grad_()
        expected = torch_pencil(reference, y_tilde, single)
        expected.sum().backward()
        torch.testing.assert_close(values, expected, rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(z.grad, reference.grad, rtol=1e-9, atol=1e-12)
        y_tilde = y_tilde - 40 * y_tilde.grad
        torch.testing.assert_close(loss.targets[ROWS], y_tilde.detach() - 10 * Y, rtol=1e-9, atol=1e-12)
    s = loss.label_distribution(ROWS, LABELS)
    torch.testing.assert_close(s, y_tilde.detach().softmax(1))
    assert (s.argmax(1) != LABELS).any()  # a label was overruled
    others = [row for row in range(len(loss.targets)) if row not in ROWS]
    assert not loss.targets[others].any()


def test_pencil_stages(runtime):
    loss = pencil(stages=(1, 2), label_lr=40.0).double()
    z = logits(0)
    runtime(epoch=0)
    torch.testing.assert_close(loss(z, LABELS, sample_idx=ROWS), F.cross_entropy(z, LABELS, reduction='none'))
    assert not loss.targets.any()
    runtime(epoch=1)
    loss(z, LABELS, sample_idx=ROWS)
    frozen = loss.targets.clone()
    assert frozen[ROWS].all()
    runtime(epoch=2)
    p, s = softmax(z.detach().numpy()), softmax(10 * Y + frozen[ROWS].numpy())
    np.testing.assert_allclose(
        loss(z, LABELS, sample_idx=ROWS).detach(), (p * np.log(p / s)).sum(1) / K, rtol=1e-9, atol=1e-12
    )
    assert torch.equal(loss.targets, frozen)


def test_pencil_labels_stand_still_without_gradients():
    loss = pencil()
    with torch.no_grad():
        loss(logits(0), LABELS, sample_idx=ROWS)
    loss.eval()(logits(0), LABELS, sample_idx=ROWS)
    assert not loss.targets.any()


def test_single_softmax_overrules_no_label_unless_alpha_is_below_one_over_k(runtime):
    """Why the official compatibility term is the default."""
    runtime(epoch=0)
    z = torch.tensor([[20.0, 0, 0, 0]] * 3, dtype=torch.float64, requires_grad=True)  # class 0, whatever the labels
    overruled = {}
    for single, alpha in ((True, 0.3), (True, 0.2), (False, 0.3)):
        loss = pencil(single_softmax=single, alpha=alpha, label_lr=4.0).double()
        for _ in range(500):
            loss(z, LABELS, sample_idx=ROWS)
        suggested = loss.label_distribution(ROWS, LABELS).argmax(1)
        overruled[single, alpha] = (suggested != LABELS).sum().item()
    assert overruled == {(True, 0.3): 0, (True, 0.2): 2, (False, 0.3): 2}


def test_elr_ramp_refined_labels_and_foreign_targets(runtime):
    loss = elr(lam=3.0, ramp_iters=10, refine_labels=True).double()
    t = softmax(np.random.default_rng(0).normal(size=(3, K)))
    for iteration, ramp in ((0, np.exp(-5)), (4, np.exp(-5 * 0.36)), (10, 1), (99, 1)):
        runtime(iter=iteration)
        z = logits(iteration)
        value = loss(z, LABELS, average=torch.tensor(t))
        value.sum().backward()
        p = softmax(z.detach().numpy())
        label = Y * t / (Y * t).sum(1, keepdims=True)
        inner = (t * p).sum(1, keepdims=True)
        expected = -(label * np.log(p)).sum(1) + 3 * ramp * np.log(1 - inner[:, 0])
        np.testing.assert_allclose(value.detach(), expected, rtol=1e-9)
        np.testing.assert_allclose(z.grad, p - label - 3 * ramp * (t * p - p * inner) / (1 - inner), rtol=1e-9)
    assert not len(loss.targets)  # the targets given are used, none is kept


def top(rows, k):
    kept = np.zeros_like(rows)
    for row, out in zip(rows, kept):
        largest = np.argsort(-abs(row))[:k]
        out[largest] = row[largest]
    return kept


@pytest.mark.parametrize('k', [1, 2, K])
def test_top_k_keeps_the_largest_numbers_of_each_row(k):
    loss = elr(beta=0.5, top_k=k).double()
    t = np.zeros((3, K))
    for visit in range(4):
        z = logits(visit)
        value = loss(z, LABELS, sample_idx=ROWS)
        p = softmax(z.detach().numpy())
        t = 0.5 * t + 0.5 * p  # what is used ...
        inner = (t * p).sum(1)
        np.testing.assert_allclose(value.detach(), -np.log(p[Y > 0]) + 3 * np.log(1 - inner), rtol=1e-9)
        t = top(t, k)  # ... and what is kept of it
        np.testing.assert_allclose(loss.rows(ROWS), t, rtol=1e-9)
    assert loss.targets.shape == loss.classes.shape == (6, k) and loss.classes.dtype == torch.int32
    fresh = elr(beta=0.5, top_k=k).double()
    fresh.load_state_dict(loss.state_dict())
    assert torch.equal(fresh.rows(ROWS), loss.rows(ROWS))


def test_top_k_keeps_negative_shifts_of_labels():
    loss = pencil(top_k=2, label_lr=40.0).double()
    full = pencil(label_lr=40.0).double()
    for each in (loss, full):
        each(logits(0), LABELS, sample_idx=ROWS)
    assert (loss.rows(ROWS) < 0).any()
    np.testing.assert_array_equal(loss.rows(ROWS), top(full.rows(ROWS).numpy(), 2))


@pytest.mark.parametrize('dtype', ['float16', 'bfloat16'])
def test_half_storage_of_labels_computes_in_float32(dtype):
    full, half = pencil(label_lr=40.0), pencil(label_lr=40.0, dtype=dtype)
    for visit in range(3):
        z = logits(visit).detach().half().requires_grad_()
        values = [loss(z, LABELS, sample_idx=ROWS) for loss in (full, half)]
        assert values[1].dtype == torch.float32
        torch.testing.assert_close(*values, rtol=2e-2, atol=2e-2)
    assert str(half.targets.dtype) == f'torch.{dtype}' and half.rows(ROWS).dtype == torch.float32


@pytest.mark.parametrize(
    'build, args, message',
    [
        (pencil, dict(stages=(3, 3)), 'begin < end'),
        (pencil, dict(stages=(3,)), 'begin < end'),
        (pencil, dict(alpha=-0.1), 'alpha, beta and label_lr'),
        (pencil, dict(label_lr=-1.0), 'alpha, beta and label_lr'),
        (pencil, dict(top_k=0), r'PENCILLoss: top_k must be in 1..4'),
        (elr, dict(top_k=5), r'ELRLoss: top_k must be in 1..4'),
        (elr, dict(ramp_iters=-1), 'ramp_iters must be'),
        (pencil, dict(dtype='int8'), "PENCILLoss: dtype.*not 'int8'"),
    ],
)
def test_bad_options(build, args, message):
    with pytest.raises(ValueError, match=message):
        build(**args)


def test_pencil_needs_sample_idx_in_every_stage():
    with pytest.raises(ValueError, match='SampleAwareClassifier'):
        pencil(stages=(5, 9))(logits(0), LABELS)


def test_a_table_is_allocated_once(monkeypatch):
    loss = MODELS.build(dict(type='mmnoisy.ELRLoss', num_classes=10, top_k=3))
    monkeypatch.setattr(torch, 'cat', None)
    made = []
    new_zeros = torch.Tensor.new_zeros
    monkeypatch.setattr(
        torch.Tensor, 'new_zeros', lambda *args, **kwargs: made.append(args[1:]) or new_zeros(*args, **kwargs)
    )
    loss.set_num_samples(50)
    assert made == [(50, 3), (50, 3), (50,)]
    loss.write(torch.tensor([49]), torch.eye(10)[[4]])
    # Larger only for a checkpoint of more samples: what is known stays.
    loss.set_num_samples(60)
    assert loss.rows(torch.tensor([49, 59])).argmax(1).tolist() == [4, 0]


@pytest.mark.parametrize(
    'options, message',
    [
        (
            dict(type='mmnoisy.ELRLoss', num_classes=1000),
            r'ELRLoss: targets, 1000000000000 samples x 1000 numbers of float32, takes 4e\+06 GB, which cpu does not have: '
            r'dtype="float16" takes 2e\+06 GB, top_k=10 takes 8e\+04 GB',
        ),
        (dict(type='mmnoisy.PENCILLoss', num_classes=1000, top_k=10, dtype='float16'), 'does not have.$'),
    ],
)
def test_no_memory_for_a_table(options, message):
    loss = MODELS.build(options)
    with pytest.raises(RuntimeError, match=message):
        loss.set_num_samples(10**12)


def test_no_memory_for_sop():
    with pytest.raises(
        RuntimeError, match=r'SOPLoss: u and v, .* take 4e\+05 GB, with gradient and momentum 1.2e\+06 GB'
    ):
        MODELS.build(dict(type='mmnoisy.SOPLoss', num_classes=1000, num_samples=10**11))
