import json

import pytest
import torch
from mmengine.hooks import Hook

from mmnoisy.engine import LabelWaveHook
from mmnoisy.engine.model_parts import unwrap
from mmnoisy.engine.preflight import PreflightError
from mmnoisy.registry import HOOKS
from tests.helpers import build_runner, ddp, digits_cfg, run_two_ranks

BASE = 'label_wave/label_wave_cnn3_60e_digits-sym40.py'
#: Few predictions change in epoch 4, many in epoch 5: the first minimum is epoch 4.
RATES = (0.1, 0.1, 0.0, 0.0, 0.5, 0.5, 0.5)


@HOOKS.register_module(force=True)
class TestRates(Hook):
    """Sets the learning rate of each epoch, and counts changed predictions a second time."""

    __test__ = False
    priority = 'HIGHEST'

    def before_run(self, runner):
        self.epochs, self.states = {}, {}
        unwrap(runner.model).head.register_forward_hook(self._catch)

    def before_train_epoch(self, runner):
        self.epochs[runner.epoch + 1] = {}
        for group in runner.optim_wrapper.param_groups:
            group['lr'] = RATES[runner.epoch]

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        for sample, row in zip(data_batch['data_samples'], self.seen):
            self.epochs[runner.epoch + 1][int(sample.sample_idx)] = row.argmax().item()

    def after_train_epoch(self, runner):
        self.states[runner.epoch + 1] = state(runner)

    def _catch(self, head, inputs, logits):
        self.seen = logits


def config(work_dir, hook=None, **overrides):
    cfg = digits_cfg(work_dir, BASE, len(RATES), **overrides)
    cfg.train_dataloader.dataset.source.indices = 400
    cfg.default_hooks.summary.update(train_interval=0)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.param_scheduler = []
    cfg.custom_hooks = [dict(cfg.custom_hooks[0], window=1, **(hook or {})), dict(type='mmnoisy.TestRates')]
    return cfg


def state(runner):
    return {name: value.clone() for name, value in unwrap(runner.model).state_dict().items()}


def run(cfg):
    runner = build_runner(cfg)
    runner.train()
    hooks = {type(hook).__name__: hook for hook in runner.hooks}
    return runner, hooks['LabelWaveHook'], hooks['TestRates']


def test_stops_at_the_first_minimum_and_goes_back_to_it(tmp_path):
    runner, hook, spy = run(config(tmp_path))
    pairs = [(spy.epochs[epoch - 1], spy.epochs[epoch]) for epoch in range(2, len(spy.epochs) + 1)]
    counts = [sum(old[i] != new[i] for i in old) for old, new in pairs]
    assert hook.changes == counts and len(counts) == 4
    assert counts[2] < min(counts[:2]) and counts[3] > counts[2]
    assert hook.chosen == 4 and runner.epoch == 5
    for name, value in state(runner).items():
        assert torch.equal(value, spy.states[4][name]), name
    # The last checkpoint and the figures of the last epoch are those of the chosen one.
    saved = torch.load(tmp_path / 'epoch_5.pth', weights_only=True)
    assert all(torch.equal(value, spy.states[4][name]) for name, value in saved['state_dict'].items())
    assert saved['label_wave'] == dict(changes=counts, chosen=4, weights=None)
    written = json.loads((tmp_path / 'label_wave.json').read_text())
    assert written['chosen'] == 4 and written['changed'] == counts
    summary = json.loads((tmp_path / 'summary.json').read_text())
    assert summary['test_accuracy_last'] is not None


def test_without_a_minimum_training_goes_on(tmp_path):
    # Two epochs more than there are without a smaller count.
    runner, hook, spy = run(config(tmp_path, hook=dict(patience=5)))
    assert hook.chosen is None and runner.epoch == len(RATES)
    assert all(torch.equal(value, spy.states[len(RATES)][name]) for name, value in state(runner).items())


def test_resumes(tmp_path):
    runner, hook, _ = run(config(tmp_path / 'whole'))
    for epoch in (3, 4):
        cfg = config(tmp_path / str(epoch), resume=True, load_from=str(tmp_path / f'whole/epoch_{epoch}.pth'))
        resumed, other, _ = run(cfg)
        assert (other.changes, other.chosen, resumed.epoch) == (hook.changes, hook.chosen, runner.epoch)
        after = state(resumed)
        assert all(torch.equal(value, after[name]) for name, value in state(runner).items())
    # A run that has stopped trains no further.
    again, _, _ = run(config(tmp_path / 'again', resume=True, load_from=str(tmp_path / 'whole/epoch_5.pth')))
    assert again.epoch == 5


def _ranks(cfg):
    runner, hook, spy = run(cfg)
    return hook.changes, hook.chosen, runner.epoch, spy.epochs, list(runner.model.parameters())


@pytest.mark.ddp
def test_two_ranks(tmp_path):
    first, second = run_two_ranks(_ranks, ddp(config(tmp_path)))
    assert first[:3] == second[:3]
    assert all(torch.equal(a, b) for a, b in zip(first[4], second[4]))
    counts = []
    for epoch in range(2, first[2] + 1):
        # A sample that both ranks saw counts with the larger class.
        old, new = (
            {
                i: max(rank[e][i] for rank in (first[3], second[3]) if i in rank[e])
                for rank in (first[3], second[3])
                for i in rank[e]
            }
            for e in (epoch - 1, epoch)
        )
        counts.append(sum(i in new and old[i] != new[i] for i in old))
    assert first[0] == counts


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(model__train_cfg=dict(augments=dict(type='Mixup', alpha=1.0))), 'a mixed image has no prediction'),
        (dict(train_cfg__max_epochs=1), 'begin [+] window=1, but training ends after 1 epochs'),
    ],
)
def test_refuses(tmp_path, options, message):
    runner = build_runner(config(tmp_path, **options))
    with pytest.raises(PreflightError, match=message):
        runner.train()


def test_refuses_an_average_and_bad_options(tmp_path):
    cfg = config(tmp_path)
    cfg.custom_hooks.append(dict(type='mmengine.EMAHook'))
    with pytest.raises(PreflightError, match='EMAHook would not'):
        build_runner(cfg).train()
    with pytest.raises(ValueError, match='patience must be at least 1'):
        LabelWaveHook(patience=0)
