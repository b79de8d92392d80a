"""A run is the same everywhere: gone on with from a checkpoint, and on each of two ranks."""

import torch

from mmnoisy.engine.model_parts import unwrap

from .helpers import ddp, run_two_ranks, train


def state(runner) -> dict:
    """Weights and buffers of the model, and the columns of its hooks' records as ``<hook>.<column>``; copies."""
    found = dict(unwrap(runner.model).state_dict())
    for hook in runner.hooks:
        for name, column in getattr(hook, 'record', {}).items():
            found[f'{type(hook).__name__}.{name}'] = column
    return {name: value.clone() for name, value in found.items()}


def learnt(cfg) -> dict:
    """:func:`state` of a run after its training."""
    return state(train(cfg))


def check_resumes(config, folder, epochs):
    """A run that goes on after each of ``epochs`` ends as the unbroken one, whose runner is returned.

    Args:
        config (Callable): Makes the config of a work dir, with more entries by keywords.
        folder (Path): For the runs.
        epochs (Sequence[int]): Of the checkpoints.
    """
    whole = train(config(folder / 'whole'))
    expected = state(whole)
    for epoch in epochs:
        found = learnt(config(folder / f'{epoch}', resume=True, load_from=str(folder / 'whole' / f'epoch_{epoch}.pth')))
        assert expected.keys() == found.keys()
        assert not [name for name, value in expected.items() if not torch.equal(value, found[name])]
    return whole


def check_ranks_agree(cfg) -> dict:
    """Two ranks end with the same weights and records, which are returned; BatchNorm's statistics are each rank's own."""
    first, second = run_two_ranks(learnt, ddp(cfg))
    shared = [name for name in first if 'running' not in name and 'num_batches_tracked' not in name]
    assert shared and not [name for name in shared if not torch.equal(first[name], second[name])]
    return first
