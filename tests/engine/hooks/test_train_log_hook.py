import json

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook

from mmnoisy.registry import HOOKS
from tests.helpers import build_runner, digits_cfg


class MoreOutputs(Hook):
    """A step that logs a number, an integer and half precision beside its losses."""

    priority = 'HIGHEST'

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        outputs.update(count=torch.tensor(batch_idx), half=outputs['loss'].detach().bfloat16(), number=0.5)


def train(work_dir, hook, **changes):
    cfg = digits_cfg(work_dir, epochs=2, **changes)
    cfg.default_hooks.runtime_info = dict(type=hook)
    cfg.default_hooks.logger.interval = 4
    runner = build_runner(cfg)
    runner.register_hook(MoreOutputs())
    runner.train()
    return runner


def logged(runner):
    lines = [json.loads(line) for path in runner._log_dir_files for line in path.read_text().splitlines()]
    return [{key: value for key, value in line.items() if 'time' not in key} for line in lines]


def test_what_is_logged_is_upstreams_to_the_bit(tmp_path):
    runs = {}
    for hook in ('mmnoisy.TrainLogHook', 'RuntimeInfoHook'):
        runner = train(tmp_path / hook, hook)
        runner._log_dir_files = sorted((tmp_path / hook).glob('*/vis_data/scalars.json'))
        scalars = {k: v.data for k, v in runner.message_hub.log_scalars.items() if 'time' not in k}
        runs[hook] = scalars, logged(runner)
    (ours, our_lines), (theirs, their_lines) = runs.values()
    assert our_lines == their_lines and len(our_lines) > 4
    assert ours.keys() == theirs.keys() >= {'train/loss', 'train/count', 'train/half', 'train/number'}
    for name in ours:
        assert all(np.array_equal(one, other) for one, other in zip(ours[name], theirs[name])), name


def test_a_checkpoint_of_an_iteration_has_all_values(tmp_path):
    cfg = digits_cfg(tmp_path, epochs=1)
    cfg.default_hooks.checkpoint.update(by_epoch=False, interval=3, max_keep_ckpts=-1)
    cfg.default_hooks.runtime_info = dict(type='mmnoisy.TrainLogHook')
    build_runner(cfg).train()
    saved = torch.load(tmp_path / 'iter_3.pth', weights_only=True)['message_hub']['log_scalars']
    assert len(saved['train/loss'].data[0]) == 3


def test_the_interval_is_checked():
    with pytest.raises(ValueError, match='interval'):
        HOOKS.build(dict(type='mmnoisy.TrainLogHook', interval=0))
