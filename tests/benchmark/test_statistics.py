"""The arithmetic of the tables against numbers made by hand."""

import numpy as np
import pytest
from scipy import stats

from mmnoisy.benchmark.statistics import average_ranks, mean_std, pairs, regrets

VALUES = {
    **{('ce', 'sym', seed): value for seed, value in enumerate((60.0, 62.0, 64.0))},
    **{('ce', 'asym', seed): value for seed, value in enumerate((70.0, 71.0, 72.0))},
    **{('gce', 'sym', seed): value for seed, value in enumerate((80.0, 83.0, 83.0))},
    **{('gce', 'asym', seed): value for seed, value in enumerate((69.0, 71.5, 73.0))},
    **{('elr', 'sym', seed): value for seed, value in enumerate((81.0, 82.0, 84.0))},
    **{('elr', 'asym', seed): value for seed, value in enumerate((68.0, 70.0, 71.0))},
    ('late', 'sym', 0): 99.0,
}
METHODS = ['ce', 'gce', 'elr', 'late']


def test_mean_and_sample_deviation():
    assert mean_std([60.0, 62.0, 64.0]) == (62.0, 2.0, 3)
    assert mean_std([60.0, None]) == (60.0, None, 1)
    assert mean_std([None]) is None


def test_pairs_are_of_one_noise_and_seed():
    found = pairs(VALUES, 'gce', 'ce')
    difference = [20, 21, 19, -1, 0.5, 1]
    assert found.n == 6 and found.wins == 5 and found.mean == pytest.approx(60.5 / 6)
    half = 2.570582 * np.std(difference, ddof=1) / np.sqrt(6)
    assert (found.low, found.high) == pytest.approx((found.mean - half, found.mean + half), abs=1e-4)
    # The signed ranks of -1 and of 1 tie at 2.5: W = 2.5.
    assert found.p == pytest.approx(stats.wilcoxon(difference).pvalue) and found.p > 0.05
    assert pairs(VALUES, 'late', 'ce') == (1, 39.0, None, None, None, 1)
    assert pairs(VALUES, 'ce', 'nobody') is None


def test_ranks_are_over_complete_blocks_and_name_who_is_left_out():
    found = average_ranks(VALUES, METHODS, 'ce')
    # sym: elr, gce, elr win in turn, ce is last; asym: ce, gce, gce win, elr is last.
    assert found.blocks == 6 and found.left_out == ['late']
    assert found.ranks == pytest.approx(
        dict(ce=(9 + 1 + 2 + 2) / 6, gce=(2 + 1 + 2 + 2 + 1 + 1) / 6, elr=(1 + 2 + 1 + 9) / 6)
    )
    table = np.array([[VALUES[m, n, s] for m in METHODS[:3]] for n in ('sym', 'asym') for s in range(3)])
    assert found.p == pytest.approx(stats.friedmanchisquare(*table.T).pvalue)


def test_equal_figures_share_a_rank():
    values = {(method, 'a', 0): 1.0 for method in ('ce', 'b')} | {('c', 'a', 0): 2.0}
    found = average_ranks(values, ['ce', 'b', 'c'], 'ce')
    assert found.ranks == dict(ce=2.5, b=2.5, c=1.0) and found.p is None
    assert average_ranks({}, ['ce'], 'ce') == ({}, 0, ['ce'], None)


def test_regret_is_to_the_best_of_each_noise_that_was_run():
    found = regrets(VALUES, METHODS)
    # Means: sym 62, 82, 82.33, 99; asym 71, 71.17, 69.67.
    assert found['late'] == (0.0, 0.0, 1)
    assert found['ce'] == pytest.approx(((37 + 1 / 6) / 2, 37, 2))
    assert found['elr'] == pytest.approx(((99 - 247 / 3 + 1.5) / 2, 99 - 247 / 3, 2))
    assert regrets(VALUES, ['ce'])['ce'] == (0.0, 0.0, 2)
