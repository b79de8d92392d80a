"""ELR's targets and SOP's parameters over a run: resume, two ranks, other data."""

import pytest
import torch

from tests.engine.test_transition import assert_equal, weights
from tests.helpers import build_runner, ddp, digits_cfg, run_two_ranks, train

N = 1292
STATE = dict(elr=('targets',), sop=('u', 'v'))


def state_cfg(work_dir, method, **kwargs):
    return digits_cfg(work_dir, f'{method}/{method}_cnn3_60e_digits-sym40.py', **kwargs)


@pytest.mark.parametrize('method', STATE)
def test_resume_equals_an_unbroken_run(tmp_path, method):
    straight = train(state_cfg(tmp_path / 'straight', method))
    loss = straight.model.head.loss_module
    for name in STATE[method]:
        assert getattr(loss, name)[:N].abs().sum(1).min() > 0
    resumed = train(
        state_cfg(tmp_path / 'resumed', method, resume=True, load_from=str(tmp_path / 'straight/epoch_1.pth'))
    )
    assert_equal(weights(resumed), weights(straight))


def train_rank(cfg):
    """What this rank's model and its own last epoch's rows are after a run on two ranks."""
    runner = train(ddp(cfg))
    rows = {
        name: value for name, value in weights(runner).items() if 'running' not in name and 'num_batches' not in name
    }
    sampler = runner.train_dataloader.sampler
    return rows, list(sampler)


@pytest.mark.ddp
@pytest.mark.parametrize('method', STATE)
def test_two_ranks_share_what_they_learnt(tmp_path, method):
    (first, rows1), (second, rows2) = run_two_ranks(train_rank, state_cfg(tmp_path, method, epochs=1))
    assert len(rows1) == len(rows2) < N  # each rank saw a part only
    assert_equal(first, second)
    for name in STATE[method]:
        rows = next(value for key, value in first.items() if key.endswith(f'loss_module.{name}'))
        assert rows[:N].abs().sum(1).min() > 0


def test_targets_follow_the_rank_that_saw_the_sample():
    first, second = run_two_ranks(gather_rank)
    assert torch.equal(first, second)
    assert first[:, 0].tolist() == [1, 2, 1.5, -1]


def gather_rank():
    from mmengine.dist import get_rank

    from mmnoisy.models.losses.sample_state_loss import gather_rows

    rank = get_rank()
    # Row 0: seen by rank 0; 1: by rank 1; 2: by both; 3: by none.
    rows = torch.full((4, 2), -1.0)
    seen = torch.tensor([rank == 0, rank == 1, True, False])
    rows[seen] = rank + 1.0
    gather_rows(rows, seen)
    return rows


def test_refuses_other_data_and_names_the_right_number(tmp_path):
    cfg = state_cfg(tmp_path / 'sop', 'sop')
    cfg.model.head.loss.num_samples = 1291
    with pytest.raises(ValueError, match='write num_samples=1292'):
        train(cfg)
    train(state_cfg(tmp_path / 'elr', 'elr', epochs=1))
    cfg = state_cfg(tmp_path / 'other', 'elr', resume=True, load_from=str(tmp_path / 'elr/epoch_1.pth'))
    cfg.train_dataloader.dataset.holdout = cfg.val_dataloader.dataset.holdout = 0.2
    with pytest.raises(ValueError, match='know 1292 samples, the training set has'):
        train(cfg)
    cfg = state_cfg(tmp_path / 'labels', 'elr', resume=True, load_from=str(tmp_path / 'elr/epoch_1.pth'))
    cfg.train_dataloader.dataset.noise.exact = False
    with pytest.raises(ValueError, match='other labels|know 1292 samples'):
        train(cfg)
    # Fine-tuning on other data leaves the targets behind; so does testing.
    cfg.resume = False
    train(cfg)
    cfg = state_cfg(tmp_path / 'test', 'elr', load_from=str(tmp_path / 'elr/epoch_1.pth'))
    build_runner(cfg).test()


def test_refuses_a_model_without_such_a_loss(tmp_path):
    with pytest.raises(ValueError, match='no loss that keeps something per sample'):
        train(digits_cfg(tmp_path, custom_hooks=[dict(type='mmnoisy.SampleStateHook')]))
