"""Every registered loss against an independent float64 reference, and the contract that all of them share."""

import math
from functools import partial
from typing import Callable, NamedTuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from mmpretrain.structures import DataSample

import mmnoisy.models  # noqa: F401
from mmnoisy.models.losses import RobustLoss, SumLoss
from mmnoisy.registry import MODELS

B, K = 6, 5


def log_softmax(z):
    shifted = z - z.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def softmax(z):
    return np.exp(log_softmax(z))


def ce(z, t):
    return -(t * log_softmax(z)).sum(1)


def volminnet(z, t, lam=1e-4, w=-2.0):
    off = 1 / (1 + math.exp(-w))
    matrix = np.array([[1.0 if i == j else off for j in range(K)] for i in range(K)]) / (1 + (K - 1) * off)
    return -(t * np.log(softmax(z) @ matrix)).sum(1) + lam * math.log(abs(np.linalg.det(matrix)))


def gce(z, t, q=0.7):
    return (1 - (t * softmax(z)).sum(1) ** q) / q


def truncated_gce(z, t, q=0.7, k=0.5):
    return np.array([min(loss, (1 - k**q) / q) for loss in gce(z, t, q)])


def rce(z, t, smallest=1e-4):
    rows = zip(softmax(z), t)
    return np.array([-sum(p * math.log(max(target, smallest)) for p, target in zip(*row)) for row in rows])


def nce(z, t):
    """From the definition: the loss of the label over the sum of the losses of all labels."""
    of_each_label = np.stack([ce(z, np.eye(K)[np.full(len(z), k)]) for k in range(K)], 1)
    return (t * of_each_label).sum(1) / of_each_label.sum(1)


def nnce(z, t, smallest=1e-7):
    """From the definition: the negative loss of the label over the sum of the negative losses of all labels."""
    of_each_label = np.stack([ce(z, np.eye(K)[np.full(len(z), k)]) for k in range(K)], 1)
    negative = -math.log(smallest) - np.minimum(of_each_label, -math.log(smallest))
    return 1 - (t * negative).sum(1) / negative.sum(1)


def amse(z, t, a=30):
    rows = zip(softmax(z), t)
    return np.array([sum((p - a * target) ** 2 for p, target in zip(*row)) / K for row in rows])


def p_label(z, t):
    return (t * softmax(z)).sum(1)


def gls(z, t, r):
    of_each_label = np.stack([ce(z, np.eye(K)[np.full(len(z), k)]) for k in range(K)], 1)
    return (1 - r) * ce(z, t) + r * of_each_label.mean(1)


def logit_clip(z, t, threshold, loss=ce):
    rows = [row if np.linalg.norm(row) <= threshold else threshold * row / np.linalg.norm(row) for row in z]
    return loss(np.array(rows), t)


def eps_softmax(z, t, m, smallest=1e-8):
    rows = softmax(z)
    for row in rows:
        row[row.argmax()] += m
    return -(t * np.log(np.maximum(rows / (m + 1), smallest))).sum(1)


def stable_ce(z, t):
    return -(t * np.log(softmax(z) + 1e-5)).sum(1)


def peer(z, t, alpha):
    """Each sample's mean over the labels of the batch: its part in the mean over all pairs (j, k)."""
    peers = np.mean([stable_ce(z, np.tile(t[k], (len(z), 1))) for k in range(len(z))], axis=0)
    return (stable_ce(z, t) - alpha * peers) / (1 + alpha)


def cores2(z, t, beta, sieve=False):
    """With the uniform prior of the first epoch."""
    others = -np.log(softmax(z) + 1e-8).mean(1)
    keep = ce(z, t) <= others if sieve else np.ones(len(z))
    return keep * (ce(z, t) - beta * others) / (1 + beta) * len(z) / max(keep.sum(), 1)


def bootstrapping_hard(z, t, beta=0.8):
    return ce(z, beta * t + (1 - beta) * np.eye(K)[softmax(z).argmax(1)])


def neg_entropy(z, t):
    return (softmax(z) * np.log(softmax(z))).sum(1)


#: Exact in float32, as T is kept in it.
T = np.eye(K) * 0.5 + np.roll(np.eye(K), 1, axis=1) * 0.375 + np.roll(np.eye(K), 2, axis=1) * 0.125


def elr_without_memory(z, t):
    p = np.clip(softmax(z), 1e-4, 1 - 1e-4)
    return ce(z, t) + 2 * np.log(1 - (p * p).sum(1) / p.sum(1))


def sop_at_start(z, t):
    q = np.maximum(softmax(z), 1e-4)
    hard = np.eye(K)[softmax(z).argmax(1)]
    return -(t * np.log(q / q.sum(1, keepdims=True))).sum(1) + ((hard - t) ** 2).sum(1)


def pencil_at_start(z, t, alpha=0.4, beta=0.1):
    s, p = softmax(10 * t), softmax(z)
    kl = (p * (log_softmax(z) - np.log(s))).sum(1) / K
    return kl + alpha * ce(s, t) - beta * (p * log_softmax(z)).sum(1) / K


class Case(NamedTuple):
    """A loss, and what it must equal: ``reference(logits (B, K), target (B, K)) -> (B,)``, all float64."""

    type: str
    args: dict
    reference: Callable
    kwargs: dict = {}  # further arguments of the call, such as sample_idx
    detached: bool = False  # a part of the formula has no gradient, so that gradcheck cannot hold

    def build(self, **args):
        return MMPRETRAIN_MODELS.build(dict(type=f'mmnoisy.{self.type}', **self.args, **args))


# A new loss gets a line here.
CASES = [
    Case('MAELoss', {}, lambda z, t: 2 - 2 * (t * softmax(z)).sum(1)),
    Case('GCELoss', {}, gce),
    Case('GCELoss', dict(q=0.3), lambda z, t: gce(z, t, 0.3)),
    Case('TruncatedGCELoss', dict(begin_epoch=0), truncated_gce),
    Case('TruncatedGCELoss', dict(begin_epoch=0, k=0.2, q=0.5), lambda z, t: truncated_gce(z, t, 0.5, 0.2)),
    Case('TruncatedGCELoss', dict(begin_epoch=1), gce),
    Case('RCELoss', {}, rce),
    Case('RCELoss', dict(A=-6.0), lambda z, t: rce(z, t, math.exp(-6))),
    Case('SCELoss', {}, lambda z, t: 0.1 * ce(z, t) + rce(z, t)),
    Case('SCELoss', dict(alpha=6.0, beta=0.1, A=-4.0), lambda z, t: 6 * ce(z, t) + 0.1 * rce(z, t, math.exp(-4))),
    Case('NCELoss', {}, nce),
    Case(
        'APLLoss',
        dict(active=dict(type='mmnoisy.NCELoss', loss_weight=10.0), passive=dict(type='mmnoisy.MAELoss')),
        lambda z, t: 10 * nce(z, t) + 2 - 2 * (t * softmax(z)).sum(1),
    ),
    Case('NNCELoss', {}, nnce),
    # A fifth of these probabilities lie below it.
    Case('NNCELoss', dict(min_prob=0.01), lambda z, t: nnce(z, t, 0.01)),
    Case('AMSELoss', {}, amse),
    Case('AMSELoss', dict(a=1.0), lambda z, t: amse(z, t, 1)),
    Case('JALLoss', {}, lambda z, t: nce(z, t) + amse(z, t)),
    Case('JALLoss', dict(alpha=5.0, beta=0.5, a=20.0), lambda z, t: 5 * nce(z, t) + 0.5 * amse(z, t, 20)),
    # Boxes; pixels have a file of their own.
    Case('DenseLoss', dict(loss=dict(type='mmnoisy.GCELoss')), gce),
    Case('AGCELoss', {}, lambda z, t: (1.6**0.6 - (0.6 + p_label(z, t)) ** 0.6) / 0.6),
    Case('AGCELoss', dict(a=6.0, q=1.5), lambda z, t: (7**1.5 - (6 + p_label(z, t)) ** 1.5) / 1.5),
    Case('AULLoss', {}, lambda z, t: ((5.5 - p_label(z, t)) ** 3 - 4.5**3) / 3),
    Case('AULLoss', dict(a=3.0, q=0.1), lambda z, t: ((3 - p_label(z, t)) ** 0.1 - 2**0.1) / 0.1),
    Case('AELLoss', {}, lambda z, t: np.exp(-p_label(z, t) / 2.5)),
    Case('GLSLoss', dict(smooth_rate=-1.0), lambda z, t: gls(z, t, -1)),
    Case('GLSLoss', dict(smooth_rate=0.4), lambda z, t: gls(z, t, 0.4)),
    # The norms of the logits are 3 to 6.
    Case('LogitClipLoss', {}, lambda z, t: logit_clip(z, t, 1)),
    Case(
        'LogitClipLoss', dict(threshold=4.5, loss=dict(type='mmnoisy.GCELoss')), lambda z, t: logit_clip(z, t, 4.5, gce)
    ),
    Case('EpsSoftmaxLoss', {}, lambda z, t: eps_softmax(z, t, 1e5)),
    Case('EpsSoftmaxLoss', dict(m=0.5, min_prob=0.02), lambda z, t: eps_softmax(z, t, 0.5, 0.02)),
    Case('PeerLoss', {}, lambda z, t: peer(z, t, 1)),
    Case('PeerLoss', dict(alpha=((-20, 0.0), (20, 1.0))), lambda z, t: peer(z, t, 0.5)),
    Case('CORES2Loss', dict(num_classes=K), lambda z, t: cores2(z, t, 0)),
    Case('CORES2Loss', dict(num_classes=K, beta=2.0, sieve_begin=0), lambda z, t: cores2(z, t, 2, sieve=True)),
    Case('SoftBootstrappingLoss', {}, lambda z, t: ce(z, 0.95 * t + 0.05 * softmax(z))),
    Case('HardBootstrappingLoss', {}, bootstrapping_hard),
    Case('HardBootstrappingLoss', dict(beta=0.3), lambda z, t: bootstrapping_hard(z, t, 0.3)),
    Case('NegEntropy', {}, neg_entropy),
    Case(
        'SumLoss',
        dict(
            terms=[
                dict(loss=dict(type='mmnoisy.GCELoss')),
                dict(loss=dict(type='mmnoisy.NegEntropy', loss_weight=0.5), end=1),
                dict(loss=dict(type='mmpretrain.CrossEntropyLoss', loss_weight=2.0), begin=0, end=3),
                dict(loss=dict(type='mmnoisy.MAELoss'), begin=1),
            ]
        ),
        lambda z, t: gce(z, t) + 0.5 * neg_entropy(z, t) + 2 * ce(z, t),
    ),
    Case('ForwardCorrectionLoss', dict(num_classes=K), ce),
    Case(
        'ForwardCorrectionLoss',
        dict(num_classes=K, transition=T.tolist()),
        lambda z, t: -(t * np.log(softmax(z) @ T)).sum(1),
    ),
    Case(
        'BackwardCorrectionLoss',
        dict(num_classes=K, transition=T.tolist()),
        lambda z, t: -(t * (np.linalg.inv(T) @ log_softmax(z).T).T).sum(1),
    ),
    Case(
        'ImportanceReweightingLoss',
        dict(num_classes=K, transition=T.tolist()),
        lambda z, t: -(t * softmax(z) / (softmax(z) @ T) * log_softmax(z)).sum(1),
        detached=True,
    ),
    Case('VolMinNetLoss', dict(num_classes=K), volminnet),
    Case('VolMinNetLoss', dict(num_classes=K, start=-3.0, volume_weight=0.5), lambda z, t: volminnet(z, t, 0.5, -3)),
    # beta=0: the targets are the predictions, whatever came before. The moving targets have tests of their own.
    Case(
        'ELRLoss',
        dict(num_classes=K, beta=0.0, lam=2.0),
        elr_without_memory,
        dict(sample_idx=torch.arange(B)),
        detached=True,
    ),
    Case('PENCILLoss', dict(num_classes=K, stages=(1, 2)), ce, dict(sample_idx=torch.arange(B))),
    # label_lr=0: y~ stays at its start. Its steps have tests of their own.
    Case(
        'PENCILLoss',
        dict(num_classes=K, stages=(0, 1), label_lr=0.0),
        pencil_at_start,
        dict(sample_idx=torch.arange(B)),
    ),
    Case(
        'ExpectedLoss',
        dict(loss=dict(type='mmnoisy.GCELoss')),
        lambda z, t: sum(t[:, k] * gce(z, np.eye(K)[[k] * len(z)]) for k in range(K)),
    ),
    # u = v = 0, as at the start.
    Case('SOPLoss', dict(num_classes=K, num_samples=B, init_std=0.0), sop_at_start, dict(sample_idx=torch.arange(B))),
]
each_case = pytest.mark.parametrize('case', CASES, ids=lambda case: f'{case.type}-{len(case.args)}')


@pytest.fixture(autouse=True)
def epoch():
    """Set the epoch that losses see; 0 unless told."""
    hub = MessageHub.get_current_instance()
    before = hub.get_info('epoch', 0)
    hub.update_info('epoch', 0)
    yield lambda value: hub.update_info('epoch', value)
    hub.update_info('epoch', before)


@pytest.fixture
def logits():
    return torch.randn(B, K, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 2


@pytest.fixture
def labels():
    return torch.tensor([0, 1, 2, 3, 4, 0])


@pytest.fixture
def soft():
    soft = torch.rand(B, K, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    soft[0, 1:3] = 0  # a target with zeros that is no one-hot
    return soft / soft.sum(1, keepdim=True)


def expected(case, logits, target):
    target = target.double().numpy() if target.ndim == 2 else np.eye(K)[target.numpy()]
    return torch.as_tensor(case.reference(logits.detach().double().numpy(), target))


def test_every_registered_loss_has_a_reference():
    kinds = {name: kind for name, kind in MODELS.module_dict.items() if isinstance(kind, type)}
    registered = {name for name, kind in kinds.items() if issubclass(kind, RobustLoss)}
    assert registered == {case.type for case in CASES}


@each_case
def test_equals_the_reference(case, logits, labels, soft):
    for target in (labels, F.one_hot(labels, K), soft):
        loss = case.build()(logits, target, reduction_override='none', **case.kwargs)
        assert loss.shape == (B,)
        torch.testing.assert_close(loss, expected(case, logits, target), rtol=1e-9, atol=1e-9)


@each_case
def test_gradcheck(case, logits, labels, soft):
    if case.detached:
        pytest.skip('its gradient is tested in a file of its own')
    logits.requires_grad_()
    call = partial(case.build(), reduction_override='none', **case.kwargs)
    assert torch.autograd.gradcheck(call, (logits, labels))
    assert torch.autograd.gradcheck(call, (logits, soft))


@each_case
def test_reductions_weight_and_avg_factor(case, logits, labels):
    loss, values = case.build(), expected(case, logits, labels)
    weight = torch.tensor([0.0, 1.0, 2.0, 0.5, 1.0, 0.0])
    # (arguments of the call, what it must give)
    calls = [
        ({}, values.mean()),
        (dict(reduction_override='sum'), values.sum()),
        (dict(weight=weight), (values * weight).mean()),
        (dict(weight=weight, avg_factor=4), (values * weight).sum() / 4),
        (dict(avg_factor=4.0), values.sum() / 4),
        (dict(weight=weight, reduction_override='none'), values * weight),
        (dict(weight=weight, reduction_override='sum'), (values * weight).sum()),
        (dict(avg_factor=4, reduction_override='none'), values),
    ]
    for call, result in calls:
        torch.testing.assert_close(loss(logits, labels, **call, **case.kwargs), result, rtol=1e-9, atol=1e-9)
    for reduction, result in (('none', values), ('sum', values.sum()), ('mean', values.mean())):
        doubled = case.build(reduction=reduction, loss_weight=2.0)
        torch.testing.assert_close(doubled(logits, labels, **case.kwargs), 2 * result, rtol=1e-9, atol=1e-9)
    with pytest.raises(ValueError, match='avg_factor'):
        loss(logits, labels, avg_factor=4, reduction_override='sum', **case.kwargs)
    with pytest.raises(ValueError, match="'average'"):
        case.build(reduction='average')


@each_case
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float32])
def test_huge_logits_are_finite(case, dtype):
    # The label is the largest, the smallest and a middle logit; all equal; two equal maxima.
    logits = torch.tensor(
        [[1e4, -1e4, 0, 0, 0], [-1e4, 1e4, 0, 0, 0], [0, 1e4, -1e4, 0, 0], [1e4] * 5, [1e4, 1e4, -1e4, 0, 0]],
        dtype=dtype,
        requires_grad=True,
    )
    kwargs = {name: value[:5] for name, value in case.kwargs.items()}
    values = case.build()(logits, torch.zeros(5, dtype=torch.long), reduction_override='none', **kwargs)
    assert values.isfinite().all()
    values.sum().backward()
    assert logits.grad.isfinite().all()


@each_case
def test_half_precision_is_computed_in_float32(case, logits, labels):
    half = logits.bfloat16()
    with torch.autocast('cpu', torch.bfloat16):
        loss = case.build()(half, labels, reduction_override='none', **case.kwargs)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss.double(), expected(case, half, labels), rtol=1e-5, atol=1e-5)


@each_case
def test_batch_of_one(case, logits, labels):
    kwargs = {name: value[:1] for name, value in case.kwargs.items()}
    loss = case.build()(logits[:1], labels[:1], **kwargs)
    torch.testing.assert_close(loss, expected(case, logits[:1], labels[:1])[0], rtol=1e-9, atol=1e-9)


@each_case
@pytest.mark.parametrize('is_soft', [False, True])
def test_inside_an_mmpretrain_head(case, is_soft, labels, soft):
    loss = dict(type=f'mmnoisy.{case.type}', **case.args)
    head = dict(type='mmpretrain.LinearClsHead', num_classes=K, in_channels=3, loss=loss)
    head = MMPRETRAIN_MODELS.build(head).double()
    features = torch.randn(B, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    weight = torch.tensor([0.0, 1.0, 2.0, 0.5, 1.0, 0.0])
    samples = [DataSample() for _ in labels]
    for sample, label, score in zip(samples, labels, soft):
        sample.set_gt_score(score) if is_soft else sample.set_gt_label(label)
    result = head.loss((features,), samples, weight=weight, **case.kwargs)['loss']
    values = expected(case, head((features,)), soft if is_soft else labels)
    torch.testing.assert_close(result, (values * weight).sum() / B, rtol=1e-9, atol=1e-9)


def build(type, **args):
    return MMPRETRAIN_MODELS.build(dict(type=f'mmnoisy.{type}', reduction='none', **args))


def assert_same(loss, other, **tolerance):
    torch.testing.assert_close(loss, other, **(tolerance or dict(rtol=1e-9, atol=1e-9)))


def test_limits(logits, labels, soft):
    p_y = logits.softmax(1).gather(1, labels[:, None])[:, 0]
    for target in (labels, soft):
        torch_ce = F.cross_entropy(logits, target, reduction='none')
        assert_same(build('MAELoss')(logits, target), 2 * build('GCELoss', q=1.0)(logits, target))
        assert_same(build('SCELoss', alpha=1.0, beta=0.0)(logits, target), torch_ce)
        assert_same(build('SCELoss', alpha=0.0, beta=1.0)(logits, target), build('RCELoss')(logits, target))
        assert_same(build('SoftBootstrappingLoss', beta=1.0)(logits, target), torch_ce)
        assert_same(build('HardBootstrappingLoss', beta=1.0)(logits, target), torch_ce)
    assert_same(build('GCELoss', q=1.0)(logits, labels), 1 - p_y)
    assert_same(
        build('GLSLoss', smooth_rate=0.2)(logits, labels),
        F.cross_entropy(logits, labels, label_smoothing=0.2, reduction='none'),
    )
    assert_same(build('LogitClipLoss', threshold=100.0)(logits, labels), -p_y.log())
    assert_same(build('EpsSoftmaxLoss', m=1e-12)(logits, labels), -p_y.log())
    assert_same(build('PeerLoss', alpha=0.0)(logits, labels), -(p_y + 1e-5).log())
    assert_same(build('AULLoss', q=1.0)(logits, labels), 1 - p_y)
    assert_same(
        build('AGCELoss', a=1e-9, q=0.7)(logits, labels), build('GCELoss')(logits, labels), rtol=1e-6, atol=1e-6
    )
    gap = (build('AMSELoss', a=1e6)(logits, labels) - 1e12 / K) / 1e6
    assert_same(gap, -2 * p_y / K, rtol=1e-3, atol=1e-3)
    assert_same(build('GCELoss', q=1e-7)(logits, labels), -p_y.log(), rtol=1e-5, atol=1e-5)
    assert_same(build('RCELoss')(logits, labels), -math.log(1e-4) * (1 - p_y))
    uniform = build('NegEntropy')(torch.zeros(2, K), torch.zeros(2))
    assert_same(uniform, torch.full((2,), -math.log(K)), rtol=1e-6, atol=0)
    assert_same(build('NegEntropy')(torch.eye(K) * 1e3, torch.zeros(K)), torch.zeros(K), rtol=0, atol=1e-6)


def test_reverse_cross_entropy_has_no_gradient_through_vanishing_probabilities():
    """As in the official code, p below 1e-7 counts as 1e-7."""
    logits = torch.tensor([[0.0, -20.0, -30.0]], dtype=torch.float64, requires_grad=True)
    loss = build('RCELoss')(logits, torch.tensor([0]))
    loss.sum().backward()
    assert_same(loss, torch.tensor([2e-7 * math.log(1e4)], dtype=torch.float64), rtol=1e-9, atol=0)
    assert not logits.grad.any()


@pytest.mark.parametrize(
    'type, total',
    [
        ('MAELoss', 2 * K - 2),
        ('NCELoss', 1),
        ('NNCELoss', K - 1),
        ('RCELoss', (K - 1) * math.log(1e4)),
    ],
)
def test_symmetric_losses_sum_to_a_constant_over_the_labels(type, total, logits):
    loss = build(type)
    over_labels = sum(loss(logits, torch.full((B,), label)) for label in range(K))
    assert_same(over_labels, torch.full((B,), float(total), dtype=torch.float64))


def test_truncation_begins_with_its_epoch_and_stops_the_gradient(logits, labels, epoch):
    loss, plain = build('TruncatedGCELoss', begin_epoch=2, k=0.3), build('GCELoss')
    dropped = logits.softmax(1).gather(1, labels[:, None])[:, 0] <= 0.3
    assert 0 < dropped.sum() < B
    logits.requires_grad_()
    for now in range(4):
        epoch(now)
        values = loss(logits, labels)
        still = torch.autograd.grad(values.sum(), logits)[0].abs().sum(1) == 0
        if now < 2:
            assert_same(values, plain(logits, labels))
            assert not still.any()
        else:
            assert (still == dropped).all()
            assert_same(values[dropped], torch.full_like(values[dropped], (1 - 0.3**0.7) / 0.7))


def test_bootstrapping_gradients(logits, labels):
    """The soft target carries a gradient (minimum entropy regularisation), the hard one is a constant."""
    logits.requires_grad_()
    target = F.one_hot(labels, K).double()
    p, log_p = logits.softmax(1), logits.log_softmax(1)

    def gradient(loss):
        return torch.autograd.grad(loss.sum(), logits, retain_graph=True)[0]

    entropy = -(p * log_p).sum(1)
    by_hand = 0.95 * (p - target) + 0.05 * gradient(entropy)
    assert_same(gradient(build('SoftBootstrappingLoss')(logits, labels)), by_hand)
    mixture = 0.8 * target + 0.2 * F.one_hot(p.argmax(1), K).double()
    assert_same(gradient(build('HardBootstrappingLoss')(logits, labels)), p - mixture)


def test_peer_loss_is_the_mean_over_all_pairs(logits, labels):
    loss = build('PeerLoss', alpha=2.0)(logits, labels).mean()
    p = logits.softmax(1) + 1e-5
    pairs = torch.stack([-p[j, labels[k]].log() for j in range(B) for k in range(B)])
    own = -p[torch.arange(B), labels].log()
    assert_same(loss, (own.mean() - 2 * pairs.mean()) / 3)


def test_courses_follow_the_epochs(logits, labels, epoch):
    peer_loss = build('PeerLoss', alpha=((2, 0.0), (4, 1.0)))
    for now, alpha in enumerate([0, 0, 0, 0.5, 1, 1]):
        epoch(now)
        assert_same(peer_loss(logits, labels), build('PeerLoss', alpha=alpha)(logits, labels))


def test_cores2_prior_is_of_the_labels_that_passed(logits, labels, epoch):
    loss = build('CORES2Loss', num_classes=K, beta=1.0, sieve_begin=1)
    kept = F.cross_entropy(logits, labels, reduction='none') <= -logits.log_softmax(1).mean(1)
    assert 0 < kept.sum() < B
    # All of the labels pass in epoch 0, and they are the prior of epoch 1, in which the sieve begins.
    for now, passed in enumerate([labels, labels[kept], labels[kept]]):
        epoch(now)
        for _ in range(2):
            loss(logits, labels)
        assert_same(loss.passed, 2.0 * torch.bincount(passed, minlength=K))
        prior = [torch.ones(K), torch.bincount(labels, minlength=K), torch.bincount(labels[kept], minlength=K)][now]
        prior = prior / prior.sum()
        assert_same(loss.passed_last / loss.passed_last.sum(), prior, rtol=1e-6, atol=0)
    left_out = loss(logits, labels)[~kept]
    assert (left_out == 0).all()
    # Evaluation counts nothing.
    before = loss.passed.clone()
    with torch.no_grad():
        loss(logits, labels)
    loss.eval()(logits, labels)
    assert torch.equal(loss.passed, before)


def test_cores2_without_a_sample_that_passes(logits, epoch):
    loss = build('CORES2Loss', num_classes=K, beta=1.0, sieve_begin=0)
    logits.requires_grad_()
    values = loss(logits, logits.argmin(1))
    values.sum().backward()
    assert (values == 0).all() and (logits.grad == 0).all()
    epoch(1)
    loss(logits, logits.argmin(1))
    assert_same(loss.passed_last, torch.ones(K))


def test_sum_loss_follows_the_epochs(logits, labels, epoch):
    loss = build(
        'SumLoss',
        terms=[
            dict(loss=dict(type='mmnoisy.MAELoss'), end=2),
            dict(
                begin=1,
                end=3,
                loss=dict(type='mmpretrain.LabelSmoothLoss', label_smooth_val=0.2, num_classes=K, loss_weight=3.0),
            ),
        ],
    )
    logits.requires_grad_()
    smooth = 3 * F.cross_entropy(logits, labels, label_smoothing=0.2, reduction='none')
    mae = build('MAELoss')(logits, labels)
    for now, result in enumerate([mae, mae + smooth, smooth, 0 * mae]):
        epoch(now)
        # LabelSmoothLoss makes its targets in float32
        assert_same(loss(logits, labels), result, rtol=1e-6, atol=1e-6)
    loss(logits, labels).sum().backward()
    assert (logits.grad == 0).all()


def test_sum_loss_hands_sample_idx_to_those_who_ask(logits, labels):

    class PerSample(RobustLoss):
        needs_sample_idx = True

        def per_sample(self, cls_score, target, sample_idx):
            return 0 * cls_score.sum(1) + sample_idx

    plain = dict(loss=dict(type='mmnoisy.GCELoss'))
    loss = SumLoss(terms=[plain, dict(loss=dict(type=PerSample))], reduction='none')
    assert loss.needs_sample_idx and not build('SumLoss', terms=[plain]).needs_sample_idx
    assert_same(loss(logits, labels, sample_idx=torch.arange(B)), build('GCELoss')(logits, labels) + torch.arange(B))


@pytest.mark.parametrize(
    'type, args, message',
    [
        ('GCELoss', dict(q=0.0), 'q must be'),
        ('TruncatedGCELoss', dict(begin_epoch=0, k=1.0), 'k must be'),
        ('RCELoss', dict(A=0.0), 'negative'),
        ('SoftBootstrappingLoss', dict(beta=1.1), 'beta must be'),
        ('HardBootstrappingLoss', dict(beta=-0.1), 'HardBootstrappingLoss: beta'),
        ('NNCELoss', dict(min_prob=0.0), 'min_prob must be'),
        ('AMSELoss', dict(a=0.5), 'Brier'),
        ('AGCELoss', dict(a=0.0), 'a and q must be'),
        ('AULLoss', dict(a=1.0), 'a must be'),
        ('AELLoss', dict(a=0.0), 'a must be'),
        ('GLSLoss', dict(smooth_rate=1.5), 'smooth_rate must be'),
        ('LogitClipLoss', dict(threshold=0.0), 'threshold must be'),
        ('LogitClipLoss', dict(loss=dict(type='mmnoisy.ELRLoss', num_classes=K)), 'keeps something per sample'),
        ('EpsSoftmaxLoss', dict(m=0.0), 'm must be'),
        ('PeerLoss', dict(alpha=-1.0), 'points'),
        ('PeerLoss', dict(alpha=((10, 0.0), (10, 1.0))), 'ascending'),
        ('CORES2Loss', dict(num_classes=K, beta=()), 'points'),
        ('SumLoss', dict(terms=[]), 'empty'),
        ('SumLoss', dict(terms=[dict(weight=1)]), 'needs the key loss'),
        ('SumLoss', dict(terms=[dict(loss=dict(type='mmnoisy.GCELoss'), weight=1)]), "unknown: 'weight'"),
        ('SumLoss', dict(terms=[dict(loss=dict(type='mmnoisy.GCELoss'), begin=3, end=3)]), 'before it begins'),
        ('L1Penalty', dict(weight=-1.0), 'weight must be'),
    ],
)
def test_bad_arguments(type, args, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(dict(type=f'mmnoisy.{type}', **args))
    if type == 'TruncatedGCELoss':
        with pytest.raises(TypeError, match='begin_epoch'):
            MODELS.build(dict(type=f'mmnoisy.{type}'))


def test_several_labels_an_image_are_refused():
    head = dict(
        type='mmpretrain.MultiLabelLinearClsHead', num_classes=K, in_channels=3, loss=dict(type='mmnoisy.GCELoss')
    )
    samples = [DataSample().set_gt_label([0, 2]).set_gt_score(torch.tensor([1.0, 0, 1, 0, 0])) for _ in range(2)]
    with pytest.raises(ValueError, match='GCELoss: the targets of an image must sum to 1.* one label an image'):
        MMPRETRAIN_MODELS.build(head).loss((torch.randn(2, 3),), samples)


def test_l1_penalty():
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Linear(2, 3))
    convolution, norm, linear = network
    weights = convolution.weight.abs().sum() + linear.weight.abs().sum()
    penalty = MODELS.build(dict(type='mmnoisy.L1Penalty', weight=0.5))
    assert_same(penalty(network), 0.5 * weights, rtol=1e-6, atol=0)
    rest = convolution.bias.abs().sum() + norm.weight.abs().sum() + norm.bias.abs().sum() + linear.bias.abs().sum()
    everything = MODELS.build(dict(type='mmnoisy.L1Penalty', weight=0.5, all_parameters=True))
    assert_same(everything(network), 0.5 * (weights + rest), rtol=1e-6, atol=0)
    penalty(network).backward()
    assert_same(linear.weight.grad, 0.5 * linear.weight.sign())
    assert linear.bias.grad is None
    linear.weight.requires_grad_(False)
    assert_same(penalty(network), 0.5 * convolution.weight.abs().sum(), rtol=1e-6, atol=0)


def test_l1_penalty_in_a_classifier():
    model = MMPRETRAIN_MODELS.build(
        dict(
            type='mmnoisy.SampleAwareClassifier',
            backbone=dict(type='mmnoisy.CNN3', channels=(2, 2, 4)),
            head=dict(type='mmpretrain.LinearClsHead', num_classes=K, in_channels=4),
            penalties=[dict(type='mmnoisy.L1Penalty', weight=0.1)],
        )
    )
    losses = model.loss(torch.randn(2, 1, 8, 8), [DataSample().set_gt_label(label) for label in (0, 1)])
    weights = [p for name, p in model.named_parameters() if p.ndim > 1]
    assert len(weights) == 4
    assert_same(losses['loss_l1'], 0.1 * sum(p.abs().sum() for p in weights), rtol=1e-6, atol=0)
