import json
from pathlib import Path

import pytest
import torch
from torch import nn

from mmnoisy.registry import MODELS

from .helpers import digits_cfg, train

TIMES = ('train_seconds', 'evaluation_seconds', 'images_per_second')


@MODELS.register_module(force=True)
class TestDropout(nn.Dropout):
    """A neck: dropout on the features."""

    __test__ = False

    def forward(self, x):
        return tuple(super(TestDropout, self).forward(feature) for feature in x)


def assert_equal(a, b, where='checkpoint'):
    """Nested dicts, lists, tensors and plain values are equal to the bit."""
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b), where
    elif isinstance(a, dict):
        assert a.keys() == b.keys(), where
        for key in a:
            assert_equal(a[key], b[key], f'{where}.{key}')
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b), where
        for i, (x, y) in enumerate(zip(a, b)):
            assert_equal(x, y, f'{where}[{i}]')
    else:
        assert a == b, where


def assert_same_run(a: Path, b: Path, epoch: int):
    first, second = (torch.load(folder / f'epoch_{epoch}.pth', weights_only=True) for folder in (a, b))
    for key in ('state_dict', 'optimizer', 'param_schedulers'):
        assert_equal(first[key], second[key], key)
    assert_equal(first['summary']['history'], second['summary']['history'], 'history')
    assert first['meta']['iter'] == second['meta']['iter']
    summaries = [json.loads((folder / 'summary.json').read_text()) for folder in (a, b)]
    for summary in summaries:
        for key in TIMES:
            assert summary.pop(key) > 0
    assert_equal(*summaries, 'summary')
    assert (a / 'history.csv').read_text() == (b / 'history.csv').read_text()


@pytest.mark.smoke
def test_three_and_three_epochs_are_six(tmp_path):
    train(digits_cfg(tmp_path / 'straight', epochs=6))
    train(digits_cfg(tmp_path / 'halves', epochs=3))
    runner = train(digits_cfg(tmp_path / 'halves', epochs=6, resume=True))
    assert runner.iter == 6 * len(runner.train_dataloader)
    assert_same_run(tmp_path / 'straight', tmp_path / 'halves', 6)


@pytest.mark.smoke
def test_resume_with_mixup_and_dropout(tmp_path):
    # Both draw from global generators, whose state no checkpoint holds: EpochSeedHook sets it anew each epoch.
    options = dict(
        model__neck=dict(type='mmnoisy.TestDropout'), model__train_cfg=dict(augments=dict(type='Mixup', alpha=0.8))
    )
    train(digits_cfg(tmp_path / 'straight', epochs=3, **options))
    cfg = digits_cfg(
        tmp_path / 'resumed', epochs=3, resume=True, load_from=str(tmp_path / 'straight/epoch_1.pth'), **options
    )
    train(cfg)
    assert_same_run(tmp_path / 'straight', tmp_path / 'resumed', 3)


def test_resume_between_saving_and_validating(tmp_path):
    """A run killed while it validated an epoch that is the best: the validation is repeated, the best is saved."""
    train(digits_cfg(tmp_path / 'straight', epochs=3))
    checkpoint = torch.load(tmp_path / 'straight/epoch_1.pth', weights_only=True)
    assert 'val_accuracy' in checkpoint['summary']['history'][-1]  # the first epoch is the best so far
    del checkpoint['summary']['history'][-1]['val_accuracy']
    for key in ('best_score', 'best_ckpt'):
        checkpoint['message_hub']['runtime_info'].pop(key)
        checkpoint['message_hub']['resumed_keys'].pop(key)
    torch.save(checkpoint, tmp_path / 'killed.pth')
    cfg = digits_cfg(tmp_path / 'resumed', epochs=3, resume=True, load_from=str(tmp_path / 'killed.pth'))
    train(cfg)
    assert_same_run(tmp_path / 'straight', tmp_path / 'resumed', 3)


def test_resume_of_a_finished_run_changes_nothing(tmp_path):
    train(digits_cfg(tmp_path, epochs=2))
    before = (tmp_path / 'history.csv').read_text()
    runner = train(digits_cfg(tmp_path, epochs=2, resume=True))
    assert runner.epoch == 2
    assert (tmp_path / 'history.csv').read_text() == before
