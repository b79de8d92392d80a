"""A step reads nothing from its device: on a GPU each such read waits for all that came before it."""

import pytest
import torch
from mmengine.hooks import Hook
from torch.profiler import ProfilerActivity, profile

from tests.helpers import build_runner, digits_cfg, train_only

FIRST, LAST = 2, 6


class Profile(Hook):
    """Profiles whole iterations, hooks and all, of the last epoch."""

    priority = 'VERY_HIGH'

    def __init__(self):
        self.reads = None

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.epoch + 1 == runner.max_epochs and batch_idx == FIRST:
            self.profiler = profile(activities=[ProfilerActivity.CPU])
            self.profiler.start()
        elif runner.epoch + 1 == runner.max_epochs and batch_idx == LAST:
            self.profiler.stop()
            # On a CPU alone one_hot looks at its smallest label.
            self.reads = [
                event.cpu_parent.name if event.cpu_parent else 'Python'
                for event in self.profiler.events()
                if event.name == 'aten::_local_scalar_dense' and 'one_hot' not in ancestors(event)
            ]


def ancestors(event) -> str:
    names = []
    while event is not None:
        names.append(event.name)
        event = event.cpu_parent
    return ' '.join(names)


@pytest.mark.parametrize(
    ('base', 'warmup'),
    [
        ('ce/ce_cnn3_60e_digits-sym40.py', None),
        ('elr/elr_cnn3_60e_digits-sym40.py', None),
        ('dividemix/dividemix_cnn3_60e_digits-sym40.py', 1),
    ],
    ids=['ce', 'elr', 'dividemix'],
)
def test_a_step_reads_nothing_from_its_device(tmp_path, monkeypatch, base, warmup):
    # Its number is drawn on the CPU whatever the device.
    mix = 'mmnoisy.models.steps.mixmatch_step.draw_mix'
    monkeypatch.setattr(mix, lambda size, alpha, device: (0.7, torch.randperm(size)))
    cfg = digits_cfg(tmp_path, base, epochs=2)
    if warmup is not None:
        cfg.custom_hooks[0].warmup_epochs = warmup
        cfg.default_hooks.summary.update(interval=100, train_interval=0)
    else:
        train_only(cfg)
    cfg.default_hooks.logger.interval = 100
    runner = build_runner(cfg)
    spy = Profile()
    runner.register_hook(spy)
    runner.train()
    assert spy.reads == []


def test_the_profiler_sees_a_read():
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        torch.ones(1).item()
    assert any(event.name == 'aten::_local_scalar_dense' for event in profiler.events())
