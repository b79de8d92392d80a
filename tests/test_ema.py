"""The EMA teacher of MixMatch and FixMatch: mmengine's EMAHook in our configs."""

import copy
import json

import pytest
import torch
from mmengine.hooks import EMAHook, Hook

from mmnoisy.engine.model_parts import evaluated_model, unwrap
from mmnoisy.evaluation.summary_hook import SummaryHook
from tests.helpers import build_runner, ddp, digits_cfg, run_two_ranks, train

MOMENTUM = 0.3


def config(work_dir, base='fixmatch/fixmatch_cnn3_60e_digits-10perclass.py', epochs=2, **overrides):
    cfg = digits_cfg(work_dir, base, epochs, default_hooks__summary__train_interval=0, **overrides)
    cfg.custom_hooks[0].epoch_batches = 12
    cfg.custom_hooks[1].momentum = MOMENTUM
    return cfg


class Reference(Hook):
    """Averages in float64, and keeps the trained weights."""

    priority = 'HIGHEST'

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        weights = {name: value.detach().double() for name, value in unwrap(runner.model).named_parameters()}
        if not hasattr(self, 'average'):
            # mmengine begins with the weights after the first step.
            self.average = copy.deepcopy(weights)
        for name, value in weights.items():
            self.average[name] = (1 - MOMENTUM) * self.average[name] + MOMENTUM * value
        self.weights = copy.deepcopy(weights)


def ema_hook(runner):
    return next(hook for hook in runner.hooks if isinstance(hook, EMAHook))


@pytest.mark.parametrize(
    'base', ['fixmatch/fixmatch_cnn3_60e_digits-10perclass.py', 'mixmatch/mixmatch_cnn3_60e_digits-10perclass.py']
)
def test_it_averages_as_the_formula_says_is_saved_and_is_what_is_tested(tmp_path, base):
    runner = build_runner(config(tmp_path, base))
    reference = Reference()
    runner.register_hook(reference)
    runner.train()
    checkpoint = torch.load(tmp_path / 'epoch_2.pth', weights_only=True)
    for name, value in reference.average.items():
        # Saved as the model's own weights, to be deployed; the trained ones go under the average's name.
        torch.testing.assert_close(checkpoint['state_dict'][name].double(), value, rtol=1e-4, atol=1e-6)
        assert torch.equal(checkpoint['ema_state_dict'][f'module.{name}'].double(), reference.weights[name])
        torch.testing.assert_close(
            dict(evaluated_model(runner).named_parameters())[name].double(), value, rtol=1e-4, atol=1e-6
        )
    # A new runner that tests the checkpoint measures the accuracy of the summary, and not that of the trained weights.
    summary = json.loads((tmp_path / 'summary.json').read_text())
    tested = build_runner(config(tmp_path / 'test', base, load_from=str(tmp_path / 'epoch_2.pth')))
    assert tested.test()['accuracy/top1'] == pytest.approx(summary['test_accuracy_last'])
    ema_hook(runner).evaluate_on_ema = False
    assert evaluated_model(runner) is runner.model
    summary_hook = next(hook for hook in runner.hooks if isinstance(hook, SummaryHook))
    assert summary_hook.measure_test(runner)['test_accuracy'] != pytest.approx(summary['test_accuracy_last'])


def test_resume_equals_an_unbroken_run(tmp_path):
    whole = train(config(tmp_path / 'whole', epochs=3))
    resumed = train(
        config(tmp_path / 'resumed', epochs=3, resume=True, load_from=str(tmp_path / 'whole' / 'epoch_1.pth'))
    )
    for one, other in ((whole.model, resumed.model), (ema_hook(whole).ema_model, ema_hook(resumed).ema_model)):
        for (name, value), expected in zip(one.state_dict().items(), other.state_dict().values()):
            assert torch.equal(value, expected), name
    summaries = [json.loads((tmp_path / name / 'summary.json').read_text()) for name in ('whole', 'resumed')]
    assert summaries[0]['test_accuracy_last'] == summaries[1]['test_accuracy_last']


def _averages_of_rank(cfg):
    runner = build_runner(ddp(cfg))
    reference = Reference()
    runner.register_hook(reference)
    runner.train()
    averaged = {name: value.detach() for name, value in unwrap(evaluated_model(runner)).named_parameters()}
    return reference.average, averaged


@pytest.mark.ddp
def test_two_ranks_average_alike_and_as_the_formula_says(tmp_path):
    (expected, first), (_, second) = run_two_ranks(_averages_of_rank, config(tmp_path))
    for name, value in expected.items():
        assert torch.equal(first[name], second[name]), name
        torch.testing.assert_close(first[name].double(), value, rtol=1e-4, atol=1e-6)
    assert json.loads((tmp_path / 'summary.json').read_text())['test_accuracy_last'] > 0
