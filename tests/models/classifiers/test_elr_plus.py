"""ELR+ against the formula in float64, its averaged networks, and its errors. Runs: tests/engine/hooks/test_loss_state_hook.py."""

import math

import pytest
import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub

from mmnoisy.functional.mixing import draw_mix
from mmnoisy.models.losses import ELRLoss
from tests.models.classifiers.test_two_networks import batch, build

K = 5
ELR = dict(type='mmnoisy.ELRLoss', num_classes=K, lam=3.0, beta=0.7)
MIXUP = dict(train_cfg=dict(augments=dict(type='Mixup', alpha=1.0)))


def elr_plus(loss=ELR, **kwargs):
    return build(loss, type='mmnoisy.ELRPlus', **kwargs)


@pytest.fixture(autouse=True)
def iteration():
    """Set the iteration that the model sees; 0 unless told."""
    hub = MessageHub.get_current_instance()
    before = hub.get_info('iter', 0)
    hub.update_info('iter', 0)
    yield lambda value: hub.update_info('iter', value)
    hub.update_info('iter', before)


def perturb(model, seed=5):
    """Other weights than its average's, as after some steps."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for net in (model.net1, model.net2):
            for value in net.parameters():
                value += 0.1 * torch.randn(value.shape, generator=generator, dtype=value.dtype)


@pytest.mark.parametrize('alpha', [1.0, 0.0])
def test_losses_gradients_and_targets_equal_the_formula(alpha, iteration):
    model = elr_plus(mixup_alpha=alpha, ema_momentum=0.9, ema_ramp_iters=0).double()
    inputs, samples, labels = batch()
    inputs = inputs.double()
    weight = torch.linspace(0.5, 1.5, 6).double()
    for sample, value in zip(samples, weight):
        sample.set_field(float(value), 'sample_weight', field_type='metainfo')
    label = F.one_hot(labels, K).double()
    t = [torch.zeros(6, K).double() for _ in range(2)]
    for step in range(3):
        iteration(step)
        torch.manual_seed(step)
        model.zero_grad()
        losses = model(inputs, samples, mode='loss')
        (losses['loss_net1'] + 2 * losses['loss_net2']).backward()
        found = [[value.grad.clone() for value in net.parameters()] for net in (model.net1, model.net2)]

        torch.manual_seed(step)
        model.zero_grad()
        for i, (net, peer) in enumerate(((model.net1, model.ema2), (model.net2, model.ema1))):
            lam, order = draw_mix(6, 1.0) if alpha else (1.0, torch.arange(6))
            assert 0.5 <= lam <= 1

            def mixed(values, lam=lam, order=order):
                return lam * values + (1 - lam) * values[order]

            t[i] = 0.7 * t[i] + 0.3 * peer(inputs).softmax(1).detach()
            logits = net(mixed(inputs))
            p = logits.softmax(1)
            values = -(mixed(label) * p.log()).sum(1) + 3 * (1 - (mixed(t[i]) * p).sum(1)).log()
            loss = (values * mixed(weight)).mean()
            torch.testing.assert_close(losses[f'loss_net{i + 1}'], loss, rtol=1e-5, atol=1e-7)
            torch.testing.assert_close(net.head.loss_module.targets, t[i], rtol=1e-5, atol=1e-7)
            ((i + 1) * loss).backward()
            for ours, value in zip(found[i], net.parameters()):
                torch.testing.assert_close(ours, value.grad, rtol=1e-4, atol=1e-7)
        perturb(model, step)


def test_the_averages_have_no_gradient_and_follow_with_their_ramp(iteration):
    model = elr_plus(ema_momentum=0.9, ema_ramp_iters=10).double()
    inputs, samples, _ = batch()
    sum(model(inputs.double(), samples, mode='loss').values()).backward()
    assert all(value.grad is None and not value.requires_grad for value in model.ema1.parameters())
    assert all(value.grad is not None for value in model.net1.parameters())

    expected = [value.clone() for value in model.net2.parameters()]
    for step, momentum in ((1, math.exp(-5 * 0.81)), (5, math.exp(-5 / 4)), (10, 1), (400, 1)):
        perturb(model, step)
        iteration(step)
        model.update_averages()
        momentum *= 0.9
        expected = [momentum * old + (1 - momentum) * new for old, new in zip(expected, model.net2.parameters())]
        for ours, value in zip(model.ema2.parameters(), expected):
            torch.testing.assert_close(ours, value, rtol=1e-12, atol=1e-14)


def test_a_run_starts_the_averages_from_its_networks(iteration):
    model = elr_plus()  # init_weights gave the averages weights of their own
    perturb(model)
    inputs, samples, _ = batch()
    model(inputs, samples, mode='loss')
    for net, averaged in ((model.net1, model.ema1), (model.net2, model.ema2)):
        for value, average in zip(net.parameters(), averaged.parameters()):
            assert torch.equal(value, average)
    assert not torch.equal(model.ema1.head.fc.weight, model.ema2.head.fc.weight)


def test_the_averages_hold_no_state_of_the_loss_and_leave_statistics_alone():
    model = elr_plus()
    names = model.state_dict()
    assert [name for name in names if name.endswith('targets')] == [
        'net1.head.loss_module.targets',
        'net2.head.loss_module.targets',
    ]
    statistics = {name: value.clone() for name, value in names.items() if 'running' in name}
    inputs, samples, _ = batch()
    model.train()(inputs, samples, mode='loss')
    for name, before in statistics.items():
        assert torch.equal(model.state_dict()[name], before) == name.startswith('ema'), name


def test_half_precision_networks_give_float32_losses():
    model = elr_plus().eval()  # eval: the running statistics are the same for both passes
    inputs, samples, _ = batch()
    results = []
    for enabled in (False, True):
        torch.manual_seed(0)
        for net in (model.net1, model.net2):
            net.head.loss_module.targets.zero_()
        with torch.autocast('cpu', torch.bfloat16, enabled=enabled):
            results.append(model(inputs, samples, mode='loss')['loss_net1'])
    assert results[1].dtype == torch.float32
    torch.testing.assert_close(*results, rtol=0.05, atol=0.02)


def test_predicts_with_the_trained_networks():
    model = elr_plus().eval()
    inputs, samples, _ = batch()
    logits = model.net1(inputs) + model.net2(inputs)
    assert torch.equal(torch.cat([sample.pred_label for sample in model.predict(inputs, samples)]), logits.argmax(1))


@pytest.mark.parametrize(
    'args, error, message',
    [
        (dict(mixup_alpha=-1), ValueError, 'mixup_alpha and ema_ramp_iters must be'),
        (dict(ema_momentum=1.0), ValueError, r'ema_momentum in \[0, 1\)'),
        (dict(ema_ramp_iters=-1), ValueError, 'ema_ramp_iters must be'),
        (dict(loss=dict(type='mmnoisy.GCELoss')), TypeError, 'ELRLoss.*not GCELoss'),
        (dict(network=MIXUP, data_preprocessor=dict(num_classes=K)), ValueError, 'mixes the images itself'),
    ],
)
def test_bad_options(args, error, message):
    with pytest.raises(error, match=message):
        elr_plus(**args)


def test_targets_take_the_predictions_as_they_are():
    """The official ELR+ does not bound the predictions that its targets average; ELR does, to [1e-4, 1 - 1e-4]."""
    criterion = ELRLoss(num_classes=K, beta=0.7).train()
    sure = torch.tensor([[1.0, *[0.0] * (K - 1)]])
    assert torch.equal(criterion.update(torch.tensor([0]), sure, floor=0.0), 0.3 * sure)
    bounded = sure.clamp(1e-4, 1 - 1e-4)
    torch.testing.assert_close(criterion.update(torch.tensor([1]), sure), 0.3 * bounded / bounded.sum())

    model, seen = elr_plus(), []
    loss = model.net1.head.loss_module
    loss.update = lambda index, p, **options: seen.append(options) or type(loss).update(loss, index, p, **options)
    inputs, samples, _ = batch()
    model(inputs, samples, mode='loss')
    assert seen == [dict(floor=0.0)]
