"""What the tests of hooks with a sample record share: a run that resumes, and a run of two ranks."""

import torch

from mmnoisy.engine.model_parts import unwrap
from mmnoisy.engine.sample_record import SampleRecordHook

from .helpers import ddp, run_two_ranks, train


def record_hook(runner) -> SampleRecordHook:
    """The run's hook that keeps a record."""
    return next(hook for hook in runner.hooks if isinstance(hook, SampleRecordHook))


def state(runner) -> dict:
    """A copy of the model's state."""
    return {name: value.clone() for name, value in unwrap(runner.model).state_dict().items()}


def assert_resumes(config, folder, epochs=(1, 3)) -> None:
    """A run resumed after each of ``epochs`` ends as the unbroken one: weights, buffers and record are equal to the bit.

    Args:
        config (Callable): ``config(work_dir, **overrides)`` gives the run's config, which keeps every checkpoint.
        folder (Path): For the runs.
        epochs (Sequence[int]): Of the checkpoints to resume from. Defaults to (1, 3).
    """
    whole = train(config(folder / 'whole'))
    for epoch in epochs:
        cfg = config(folder / f'{epoch}', resume=True)
        cfg.load_from = str(folder / 'whole' / f'epoch_{epoch}.pth')
        resumed = train(cfg)
        after = state(resumed)
        assert all(torch.equal(value, after[name]) for name, value in state(whole).items())
        for name, column in record_hook(whole).record.items():
            assert torch.equal(column, record_hook(resumed).record[name]), name


def _learn(cfg):
    runner = train(cfg)
    return state(runner), record_hook(runner).record


def assert_ranks_agree(cfg) -> dict:
    """Two gloo processes end with the same weights and record, which is returned; BatchNorm keeps what a rank has seen."""
    (weights, record), (weights1, record1) = run_two_ranks(_learn, ddp(cfg))
    assert all(torch.equal(column, record1[name]) for name, column in record.items())
    own = ('running_mean', 'running_var', 'num_batches_tracked')
    for name, value in weights.items():
        assert torch.equal(value, weights1[name]) or name.endswith(own), name
    return record
