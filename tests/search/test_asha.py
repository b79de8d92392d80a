"""When trials are stopped, what a budget is, and how curves are smoothed."""

from argparse import ArgumentTypeError

import pytest

from mmnoisy.engine.hooks.validation_record_hook import objective
from mmnoisy.functional.smoothing import best_epoch, smoothed
from mmnoisy.search.asha import rungs, should_stop
from mmnoisy.search.budget import Budget, budget_of


def curve(*values):
    return dict(enumerate(values, 1))


@pytest.mark.parametrize(
    'epochs, warmup, expected',
    [(15, 1, [5]), (60, 7, [20]), (30, 3, [10]), (20, 9, [10]), (90, 3, [30]), (100, 3, [34])],
)
def test_rungs_begin_after_the_warm_up_and_a_third(epochs, warmup, expected):
    assert rungs(epochs, warmup) == expected


def test_more_rungs_where_the_factor_is_smaller():
    assert rungs(60, 3, eta=2) == [20, 40]


def test_a_trial_goes_on_until_it_can_be_judged():
    others = [curve(*[90] * 15) for _ in range(5)]
    assert not should_stop(curve(1, 1, 1, 1), others, [5])
    assert should_stop(curve(1, 1, 1, 1, 1), others, [5])


def test_the_best_third_goes_on():
    others = [curve(*[value] * 5) for value in (10, 20, 30, 40, 50)]
    assert not should_stop(curve(*[60] * 5), others, [5])
    assert not should_stop(curve(*[45] * 5), others, [5])
    assert should_stop(curve(*[35] * 5), others, [5])
    assert not should_stop(curve(*[35] * 5), [], [5])


def test_a_method_that_is_best_early_is_judged_by_its_best():
    peaked = curve(50, 90, 90, 90, 20, 10)
    assert not should_stop(peaked, [curve(*[80] * 6), curve(*[70] * 6)], [5])


def test_smoothing_and_the_objective():
    assert smoothed(curve(1, 2, 6, 4), 3) == {3: 3.0, 4: 4.0}
    assert smoothed(curve(1, 2), 3) == {2: 1.5}
    assert smoothed({}, 3) == {} and objective({}) is None and best_epoch({}, 3) is None
    # A single lucky epoch does not win.
    assert best_epoch(curve(50, 50, 50, 80, 20, 51, 61, 61, 61), 3) == 9
    assert objective(curve(1, 2, 6, 4, 0, 0)) == 4.0


def test_budgets():
    assert budget_of('30m') == Budget(seconds=1800)
    assert budget_of('200ep') == Budget(epochs=200)
    assert budget_of('1h30m,40t') == Budget(seconds=5400, trials=40)
    for text in ('fast', '0t', '-3m', ''):
        with pytest.raises(ArgumentTypeError):
            budget_of(text)
    assert Budget(trials=3).is_spent(0, 0, 3) and not Budget(trials=3).is_spent(0, 99, 2)
    assert Budget(seconds=1).is_spent(0, 0, 0) and Budget(epochs=5).is_spent(0, 5, 0)
