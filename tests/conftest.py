import gc
import random

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope

from .helpers import clear_globals


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Under ``-n 2 --dist loadgroup`` a file's tests share their fixtures, and all tests on two ranks one pair of them."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group('ranks' if item.get_closest_marker('ddp') else str(item.path)))


@pytest.fixture(autouse=True, scope='session')
def one_thread():
    """Bit-for-bit comparisons must not depend on how many cores share a sum."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope='session')
def nothing_imported_is_garbage():
    """mmengine collects garbage for every data set: walking over all that the stack's modules hold took half the time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def same_draws():
    """A test that fails for one of a thousand draws of its weights fails when nobody looks for it."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def no_default_scope():
    """A runner of an earlier test leaves its default scope behind: ``type='X'`` would mean another class."""
    DefaultScope._instance_dict.clear()


@pytest.fixture(autouse=True, scope='module')
def no_globals_of_other_files():
    """The epoch of a run of another file would be that of models which are called without a runner."""
    clear_globals()
