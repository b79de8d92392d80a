"""What CORES2 keeps from epoch to epoch: two ranks and a resumed run. The loss itself: test_losses.py."""

import pytest
import torch
from mmpretrain.registry import DATASETS

from tests.helpers import ddp, digits_cfg, run_two_ranks, train, train_only

LOSS = dict(beta=((0, 0.0), (1, 1.0)), sieve_begin=1)


def config(work_dir, **options):
    cfg = digits_cfg(work_dir, 'cores2/cores2_cnn3_60e_digits-sym40.py', **options)
    cfg.model.head.loss.update(LOSS)
    return train_only(cfg)


def state(runner):
    """All that the run ends with."""
    model = runner.model.module if hasattr(runner.model, 'module') else runner.model
    return {name: value.clone() for name, value in model.state_dict().items()}


def train_ranks(cfg):
    return state(train(ddp(cfg)))


@pytest.mark.ddp
def test_two_ranks_count_together(tmp_path):
    cfg = config(tmp_path, epochs=2)
    first, second = run_two_ranks(train_ranks, cfg)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    labels = torch.tensor([dataset.get_data_info(i)['gt_label'] for i in range(len(dataset))])
    for values in (first, second):
        # Everything passes in epoch 0, and less in epoch 1.
        assert torch.equal(values['head.loss_module.passed_last'], torch.bincount(labels, minlength=10).float())
        assert 0 < values['head.loss_module.passed'].sum() < len(labels)
    assert all(torch.equal(value, second[name]) for name, value in first.items() if 'loss_module' in name)


def test_resumed_run_equals_an_unbroken_one(tmp_path):
    straight = state(train(config(tmp_path / 'straight', epochs=3)))
    train(config(tmp_path / 'halves', epochs=1))
    halves = state(train(config(tmp_path / 'halves', epochs=3, resume=True)))
    assert straight['head.loss_module.epoch'] == 2
    assert straight.keys() == halves.keys()
    for name, value in straight.items():
        assert torch.equal(value, halves[name]), name
