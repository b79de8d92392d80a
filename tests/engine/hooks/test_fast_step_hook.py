import os

import pytest
import torch

from mmnoisy.engine.hooks.fast_step_hook import FastStepHook, check_options, compile_or_not, set_implementation
from mmnoisy.engine.model_parts import unwrap
from tests.helpers import build_runner, digits_cfg, train_only


def weights(work_dir, base='ce/ce_cnn3_60e_digits-sym40.py', epochs=3, fast=None, **overrides):
    """Weights after some 60 steps, and the runner."""
    cfg = train_only(digits_cfg(work_dir, base, epochs, **overrides))
    cfg.fast = fast or {}
    runner = build_runner(cfg)
    runner.train()
    assert runner.iter >= 50
    return {name: value.clone() for name, value in unwrap(runner.model).state_dict().items()}, runner


def assert_close(one, other, tolerance=1e-3):
    assert one.keys() == other.keys()
    for name in one:
        assert torch.allclose(one[name].double(), other[name].double(), rtol=tolerance, atol=tolerance), name


@pytest.fixture(scope='module')
def eager(tmp_path_factory):
    return weights(tmp_path_factory.mktemp('eager'))[0]


@pytest.mark.parametrize(
    'fast',
    [dict(channels_last=True), dict(optimizer='foreach'), dict(optimizer='fused'), dict(cudnn_benchmark=True)],
    ids=str,
)
def test_fifty_steps_equal_those_without(tmp_path, eager, fast):
    before = torch.backends.cudnn.benchmark
    fast_weights, runner = weights(tmp_path, fast=fast, log_level='INFO')
    assert_close(fast_weights, eager)
    assert torch.backends.cudnn.benchmark is before
    (name, value), log = next(iter(fast.items())), next(tmp_path.rglob('*.log')).read_text()
    assert log.count(f'fast: {name}={value!r}. The same formulas') == 1
    if 'optimizer' in fast:
        group = runner.optim_wrapper.optimizer.param_groups[0]
        assert group[fast['optimizer']] is True
    if fast.get('channels_last'):
        convolutions = [m.weight for m in runner.model.modules() if isinstance(m, torch.nn.Conv2d)]
        assert convolutions and all(weight.is_contiguous(memory_format=torch.channels_last) for weight in convolutions)


def test_a_resumed_fast_run_equals_the_unbroken_one(tmp_path):
    fast = dict(channels_last=True, optimizer='fused')
    whole, _ = weights(tmp_path / 'whole', epochs=4, fast=fast)
    cfg = train_only(digits_cfg(tmp_path / 'parts', epochs=4))
    cfg.fast = fast
    cfg.resume, cfg.load_from = True, str(tmp_path / 'whole' / 'epoch_2.pth')
    runner = build_runner(cfg)
    runner.train()
    assert all(torch.equal(value, whole[name]) for name, value in unwrap(runner.model).state_dict().items())


@pytest.mark.skipif('MMNOISY_TEST_COMPILE' not in os.environ, reason='compiles for half a minute')
def test_a_compiled_backbone_gives_the_same(tmp_path, eager):
    compiled, runner = weights(tmp_path, fast=dict(compile='default'))
    assert_close(compiled, eager)
    # Not fallen back to eager.
    assert runner.model.backbone._compiled_call_impl is not None


def test_what_cannot_be_compiled_runs_as_it_is(monkeypatch, capsys):
    module = torch.nn.Linear(2, 2)

    def broken(*args, **kwargs):
        def call(*args, **kwargs):
            raise RuntimeError('no compiler\nand more')

        return call

    monkeypatch.setattr(torch, 'compile', broken)
    said = []
    monkeypatch.setattr('mmnoisy.engine.hooks.fast_step_hook.print_log', lambda text, *args: said.append(text))
    compile_or_not(module, 'default')
    inputs = torch.ones(1, 2)
    assert torch.equal(module(inputs), torch.nn.functional.linear(inputs, module.weight, module.bias))
    module(inputs)
    assert said == ['fast.compile: Linear cannot be compiled here and runs as it is: no compiler']
    with pytest.raises(RuntimeError, match='shapes'):
        module(torch.ones(1, 3))


def test_an_optimizer_without_it_stays(monkeypatch):
    said = []
    monkeypatch.setattr('mmnoisy.engine.hooks.fast_step_hook.print_log', lambda text, *args: said.append(text))
    optimizer = torch.optim.LBFGS([torch.nn.Parameter(torch.ones(1))])
    set_implementation(optimizer, 'fused')
    assert 'LBFGS' in said[0] and 'fused' not in optimizer.param_groups[0]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(fused=True), "no option 'fused'"),
        (dict(compile='max'), "fast.compile must be None, 'default' or 'reduce-overhead', not 'max'"),
        (dict(optimizer=True), 'fast.optimizer must be None'),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        check_options(options)
    assert FastStepHook().priority == 'LOWEST'
