from functools import partial

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.optim import AmpOptimWrapper
from torch import nn

from mmnoisy.engine.measures import cross_entropies, features_and_confidence, predicted_labels
from mmnoisy.engine.one_pass import OnePass
from mmnoisy.engine.shared_sweep import SharedSweep, shared_sweep
from mmnoisy.engine.sweep import precision, sweep, sweep_loader
from tests.helpers import build_runner, digits_cfg


class CountPasses:
    """Forward passes of modules, by their names."""

    def __init__(self, **modules):
        self.counts = dict.fromkeys(modules, 0)
        for name, module in modules.items():
            module.register_forward_hook(partial(self._count, name))

    def _count(self, name, *_):
        self.counts[name] += 1


@pytest.fixture
def runner(tmp_path):
    return build_runner(digits_cfg(tmp_path, epochs=1))


class SweepFirst(Hook):
    """Asks, changes nothing or advances the version, and sweeps, before the first epoch."""

    def __init__(self, change):
        self.change = change

    def before_train_epoch(self, runner):
        shared, passes = shared_sweep(runner), CountPasses(net=runner.model.backbone)
        self.request = shared.ask(predicted_labels)
        if self.change:
            shared.advance()
        self.found = shared.run(runner, features_and_confidence)
        self.passes, self.batches = passes.counts['net'], len(shared.loader(runner))
        self.alone = sweep(runner.model, sweep_loader(runner), predicted_labels)


@pytest.mark.parametrize('change', [False, True])
def test_one_pass_answers_who_asked_about_the_same_weights(runner, change):
    hook = SweepFirst(change)
    runner.register_hook(hook)
    runner.train()
    assert hook.passes == hook.batches
    assert set(hook.found) == {'features', 'confidence', 'prediction'}
    if change:
        assert hook.request.result is None
    else:
        assert torch.equal(hook.request.result['prediction'], hook.alone['prediction'])
        assert torch.equal(hook.found['prediction'], hook.alone['prediction'])
        assert torch.equal(hook.request.result['label'], hook.alone['label'])


def test_each_step_makes_other_weights(runner):
    runner.train()
    shared = [hook for hook in runner.hooks if isinstance(hook, SharedSweep)]
    assert len(shared) == 1 and shared[0].version == runner.iter > 0


def test_sweeps_are_announced():
    shared = SharedSweep()
    assert not shared.expected(0)
    shared.announce(lambda epoch: epoch >= 3)
    shared.announce(lambda epoch: epoch == 1)
    assert [shared.expected(epoch) for epoch in range(5)] == [False, True, False, True, True]


def test_measures_of_two_networks_share_their_passes(tmp_path):
    cfg = digits_cfg(tmp_path, 'dividemix/dividemix_cnn3_60e_digits-sym40.py', channels=None)
    model = build_runner(cfg).model.eval()
    passes = CountPasses(net1=model.net1.backbone, net2=model.net2.backbone)
    batch = next(iter(sweep_loader(build_runner(cfg))))
    data = model.data_preprocessor(batch, False)
    network = OnePass(model)
    with torch.no_grad():
        losses = cross_entropies(network, data['inputs'], data['data_samples'], networks=('net1', 'net2'))
        found = predicted_labels(network, data['inputs'], data['data_samples'])
        assert passes.counts == dict(net1=1, net2=1)
        alone = predicted_labels(model, data['inputs'], data['data_samples'])
        slow = model(data['inputs'], data['data_samples'], mode='predict')
    assert losses['loss'].shape == (len(slow), 2)
    assert torch.equal(found['prediction'], alone['prediction'])
    assert torch.equal(found['prediction'], torch.cat([sample.pred_label for sample in slow]))
    assert torch.equal(found['prediction_net2'], torch.cat([sample.pred_label_net2 for sample in slow]))


def test_predictions_are_those_of_the_model(runner):
    model = runner.model.eval()
    data = model.data_preprocessor(next(iter(sweep_loader(runner))), False)
    with torch.no_grad():
        found = predicted_labels(model, data['inputs'], data['data_samples'])
        slow = model(data['inputs'], data['data_samples'], mode='predict')
    assert torch.equal(found['prediction'], torch.cat([sample.pred_label for sample in slow]))


def test_another_batch_is_computed_anew():
    class Network(nn.Module):
        def forward(self, inputs, data_samples=None, mode='tensor'):
            return inputs + 1

    network = OnePass(Network())
    first, second = torch.zeros(2), torch.ones(2)
    assert torch.equal(network(first), first + 1) and torch.equal(network(second), second + 1)


def test_sweeps_have_larger_batches(tmp_path):
    for size, expected in ((64, 256), (500, 1024), (1200, 1200)):
        runner = build_runner(digits_cfg(tmp_path, train_dataloader__batch_size=size))
        assert sweep_loader(runner).batch_size == expected


@pytest.mark.parametrize('dtype', [None, torch.bfloat16])
def test_sweeps_have_the_precision_of_training(runner, dtype):
    if dtype is not None:
        # It can be built on a GPU alone.
        wrapper = AmpOptimWrapper.__new__(AmpOptimWrapper)
        wrapper.cast_dtype = dtype
        runner.optim_wrapper = wrapper
    elif isinstance(runner.optim_wrapper, dict):
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    types = set()

    def measure(model, inputs, data_samples):
        types.add(model(inputs).dtype)
        return dict(one=torch.ones(len(data_samples)))

    sweep(runner.model, sweep_loader(runner), measure, context=precision(runner))
    assert types == {dtype or torch.float32}
