import pytest
import torch
from mmengine.registry import DefaultScope


@pytest.fixture(autouse=True, scope='session')
def one_thread():
    """Bit-for-bit comparisons must not depend on how many cores share a sum."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def no_default_scope():
    """A runner of an earlier test leaves its default scope behind: ``type='X'`` would mean another class."""
    DefaultScope._instance_dict.clear()
