import pytest

from mmnoisy.functional.label_wave import first_minimum, moving_average


def test_moving_average_counts_whole_windows_alone():
    assert moving_average([3, 5, 1, 6], 3) == [3, 4]
    assert moving_average([3, 5], 1) == [3, 5]
    assert moving_average([3, 5], 3) == []


@pytest.mark.parametrize(
    'values, patience, expected',
    [
        ([], 1, None),
        ([5], 1, None),
        ([5, 4, 3], 1, None),
        ([5, 4, 6, 1, 2], 1, 1),
        ([5, 4, 6, 1, 2], 2, None),
        ([5, 4, 6, 1, 2, 3], 2, 3),
        ([4, 4], 1, 0),  # no further fall
        ([1, 2], 1, 0),
    ],
)
def test_first_minimum(values, patience, expected):
    assert first_minimum(values, patience) == expected
