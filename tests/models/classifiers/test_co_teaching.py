"""Co-teaching, Co-teaching+ and JoCoR against float64 numpy references of their selection and loss."""

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub

from mmnoisy.models.classifiers.forget_rate import ForgetRate
from mmnoisy.stamps import read_selection
from tests.models.classifiers.test_two_networks import batch, build

METHODS = ('mmnoisy.CoTeaching', 'mmnoisy.CoTeachingPlus', 'mmnoisy.JoCoR')


@pytest.fixture(autouse=True)
def epoch_50():
    """After all ramps and initial phases, unless a test says otherwise."""
    set_epoch(50)
    yield
    MessageHub._instance_dict.clear()


def set_epoch(epoch):
    MessageHub.get_current_instance().update_info('epoch', epoch)


def reference(model, inputs, labels):
    """Log probabilities and cross entropies of both networks in float64, [(B, K)] * 2 and [(B,)] * 2."""
    logs = []
    for net in (model.net1, model.net2):
        z = net(inputs).detach().double().numpy()
        z = z - z.max(1, keepdims=True)
        logs.append(z - np.log(np.exp(z).sum(1, keepdims=True)))
    return logs, [-log[np.arange(len(labels)), labels.numpy()] for log in logs]


def smallest(losses, rate):
    """The papers' R(t) B smallest losses, at least one, by repeated minimum."""
    left, chosen = list(range(len(losses))), []
    for _ in range(max(1, int((1 - rate) * len(losses)))):
        chosen.append(min(left, key=lambda i: losses[i]))
        left.remove(chosen[-1])
    return chosen


def separated(type, **kwargs):
    """A model whose logits are centred and spread: the networks predict all classes and agree on some samples."""
    model = build(type=type, **kwargs).eval()
    inputs, _, _ = batch(12)
    with torch.no_grad():
        for net in (model.net1, model.net2):
            z = net(inputs)
            net.head.fc.weight.div_(z.sub(z.mean(0)).std())
            net.head.fc.bias.sub_(net(inputs).mean(0))
    return model


@pytest.mark.parametrize('rate', [0.0, 0.3, 0.5, 0.99])
def test_co_teaching(rate):
    model = separated('mmnoisy.CoTeaching', forget_rate=rate)
    inputs, samples, labels = batch(12)
    _, (loss1, loss2) = reference(model, inputs, labels)
    losses = model(inputs, samples, mode='loss')
    assert losses['loss_net1'].item() == pytest.approx(loss1[smallest(loss2, rate)].mean(), rel=1e-5)
    assert losses['loss_net2'].item() == pytest.approx(loss2[smallest(loss1, rate)].mean(), rel=1e-5)
    assert losses['kept'].item() == pytest.approx(max(1, int((1 - rate) * 12)) / 12)
    assert [key for key in losses if 'loss' in key] == ['loss_net1', 'loss_net2']


def test_co_teaching_exchanges_the_selections():
    model = separated('mmnoisy.CoTeaching', forget_rate=0.5)
    inputs, samples, labels = batch(12)
    _, (loss1, loss2) = reference(model, inputs, labels)
    assert set(smallest(loss1, 0.5)) != set(smallest(loss2, 0.5))
    assert model(inputs, samples, mode='loss')['loss_net1'].item() != pytest.approx(
        loss1[smallest(loss1, 0.5)].mean(), rel=1e-3
    )


@pytest.mark.parametrize('rate', [0.0, 0.5, 0.99])
def test_co_teaching_plus(rate):
    model = separated('mmnoisy.CoTeachingPlus', forget_rate=rate, init_epochs=2)
    inputs, samples, labels = batch(40)
    (log1, log2), (loss1, loss2) = reference(model, inputs, labels)
    differs = np.flatnonzero(log1.argmax(1) != log2.argmax(1))
    assert 2 < len(differs) < 40
    losses = model(inputs, samples, mode='loss')
    assert losses['loss_net1'].item() == pytest.approx(loss1[differs[smallest(loss2[differs], rate)]].mean(), rel=1e-5)
    assert losses['loss_net2'].item() == pytest.approx(loss2[differs[smallest(loss1[differs], rate)]].mean(), rel=1e-5)
    assert losses['disagreement'].item() == pytest.approx(len(differs) / 40)
    assert torch.equal(
        read_selection(samples).isnan(), torch.ones(40).index_fill(0, torch.as_tensor(differs), 0).bool()
    )

    set_epoch(1)
    plain = model(inputs, samples, mode='loss')
    now = rate * 2 / 10
    assert plain['loss_net1'].item() == pytest.approx(loss1[smallest(loss2, now)].mean(), rel=1e-5)


@pytest.mark.parametrize('agreement', [0.0, 0.65, 1.0])
@pytest.mark.parametrize('rate', [0.0, 0.5])
def test_jocor(rate, agreement):
    model = separated('mmnoisy.JoCoR', forget_rate=rate, agreement=agreement)
    inputs, samples, labels = batch(12)
    (log1, log2), (loss1, loss2) = reference(model, inputs, labels)
    p1, p2 = np.exp(log1), np.exp(log2)
    divergence = (p1 * (log1 - log2)).sum(1) + (p2 * (log2 - log1)).sum(1)
    joint = (1 - agreement) * (loss1 + loss2) + agreement * divergence
    losses = model(inputs, samples, mode='loss')
    assert losses['loss_joint'].item() == pytest.approx(joint[smallest(joint, rate)].mean(), rel=1e-4)
    assert read_selection(samples).nonzero().flatten().tolist() == sorted(smallest(joint, rate))


@pytest.mark.parametrize('type', METHODS)
def test_gradients(type):
    """The loss of one network never reaches the other, except by JoCoR's agreement."""
    model = separated(type, forget_rate=0.3)
    inputs, samples, _ = batch(12)
    losses = model(inputs, samples, mode='loss')
    losses[next(key for key in losses if 'loss' in key)].backward()
    reached = [any(p.grad is not None and p.grad.any() for p in net.parameters()) for net in (model.net1, model.net2)]
    assert reached == [True, type == 'mmnoisy.JoCoR']


@pytest.mark.parametrize('type', METHODS)
def test_batch_of_one(type):
    model = separated(type, forget_rate=0.9)
    inputs, samples, _ = batch(1)
    assert all(value.isfinite() for value in model(inputs, samples, mode='loss').values())


def test_no_disagreement_teaches_nothing():
    model = separated('mmnoisy.CoTeachingPlus', forget_rate=0.3, init_epochs=0)
    model.net2.load_state_dict(model.net1.state_dict())
    inputs, samples, _ = batch(12)
    losses = model(inputs, samples, mode='loss')
    assert losses['loss_net1'].item() == losses['loss_net2'].item() == losses['kept'].item() == 0
    (losses['loss_net1'] + losses['loss_net2']).backward()
    # Every parameter takes part, as DDP needs.
    assert all(p.grad is not None and not p.grad.any() for p in model.parameters())
    assert read_selection(samples).isnan().all()


@pytest.mark.parametrize('type', METHODS)
def test_sample_weight_scales_the_loss_and_not_the_ranking(type):
    model = separated(type, forget_rate=0.5)
    inputs, samples, _ = batch(12)
    plain = model(inputs, samples, mode='loss')
    chosen = read_selection(samples)
    for sample in samples:
        sample.set_field(0.5, 'sample_weight', field_type='metainfo')
    samples[int(chosen.nan_to_num().argmin())].set_field(0.0, 'sample_weight', field_type='metainfo')
    halved = model(inputs, samples, mode='loss')
    assert torch.equal(read_selection(samples).nan_to_num(-1), chosen.nan_to_num(-1))
    for key in plain:
        if 'loss' in key:
            assert halved[key].item() <= 0.5 * plain[key].item() * (1 + 1e-5)


@pytest.mark.parametrize('type', METHODS)
def test_half_precision(type):
    model = separated(type, forget_rate=0.3)
    inputs, samples, _ = batch(12)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = model(inputs, samples, mode='loss')
    assert all(value.isfinite() and value.dtype == torch.float32 for value in losses.values())


@pytest.mark.parametrize('exponent', [0.5, 1.0, 2.0])
def test_forget_rate_schedule(exponent):
    rate = ForgetRate.build(dict(rate=0.4, num_gradual=10, exponent=exponent))
    for epoch in range(20):
        set_epoch(epoch)
        assert rate() == pytest.approx(min((epoch + 1) ** exponent / 10 * 0.4, 0.4))


def test_forget_rate_refuses():
    for bad in (1.0, -0.1, 'automatic', None):
        with pytest.raises(ValueError, match=r"rate must be in \[0, 1\) or 'auto'"):
            ForgetRate(bad)
    with pytest.raises(ValueError, match='num_gradual must be at least 1'):
        ForgetRate(0.4, num_gradual=0)
    with pytest.raises(ValueError, match='init_epochs'):
        build(type='mmnoisy.CoTeachingPlus', forget_rate=0.1, init_epochs=-1)
    with pytest.raises(ValueError, match='agreement'):
        build(type='mmnoisy.JoCoR', forget_rate=0.1, agreement=1.5)


def test_auto_needs_the_hook():
    model = build(type='mmnoisy.CoTeaching', forget_rate='auto')
    inputs, samples, _ = batch(12)
    with pytest.raises(RuntimeError, match='ForgetRateHook'):
        model(inputs, samples, mode='loss')
    model.forget_rate.expect_estimate()
    assert model(inputs, samples, mode='loss')['kept'].item() == 1
    model.forget_rate.estimate.fill_(0.5)
    assert model(inputs, samples, mode='loss')['kept'].item() == 0.5
