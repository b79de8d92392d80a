import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmnoisy.engine.hooks import epoch_seed_hook
from mmnoisy.engine.hooks.epoch_seed_hook import EpochSeedHook


def draws(seed, epoch, rank, monkeypatch):
    """What Python, numpy and torch draw in an epoch."""
    monkeypatch.setattr(epoch_seed_hook, 'get_rank', lambda: rank)
    EpochSeedHook().before_train_epoch(SimpleNamespace(seed=seed, epoch=epoch))
    return random.random(), np.random.rand(), torch.rand(1).item()


def test_an_epoch_draws_the_same_again(monkeypatch):
    assert draws(3, 7, 1, monkeypatch) == draws(3, 7, 1, monkeypatch)


@pytest.mark.parametrize('other', [(3, 8, 1), (4, 7, 1), (3, 7, 0)], ids=['epoch', 'seed', 'rank'])
def test_another_epoch_seed_or_rank_draws_otherwise(other, monkeypatch):
    # Each of the three generators: a mixup that is the same in every epoch would be seen nowhere else.
    assert all(a != b for a, b in zip(draws(3, 7, 1, monkeypatch), draws(*other, monkeypatch)))


def test_without_a_seed_it_leaves_the_generators_alone(monkeypatch):
    torch.manual_seed(0)
    expected = torch.rand(1).item()
    torch.manual_seed(0)
    assert draws(None, 7, 0, monkeypatch)[2] == expected
