import pytest

from mmnoisy.progress import linear_ramp


@pytest.mark.parametrize('epochs, value', [(-1, 0), (0, 0), (4, 0.25), (15.5, 0.96875), (16, 1), (40, 1)])
def test_linear_ramp(epochs, value):
    assert linear_ramp(epochs, 16) == value
    assert linear_ramp(epochs, 0) == 1
