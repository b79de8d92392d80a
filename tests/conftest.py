import pytest
import torch


@pytest.fixture(autouse=True, scope='session')
def one_thread():
    """Bit-for-bit comparisons must not depend on how many cores share a sum."""
    torch.set_num_threads(1)
