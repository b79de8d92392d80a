import numpy as np
import pytest

from mmnoisy.audit import find_issues, judge_by_probabilities, judge_by_scores
from mmnoisy.audit.consensus import reach_consensus
from mmnoisy.audit.noise_estimate import Interval
from mmnoisy.evaluation.noise_detection import detection_scores
from tests.audit.synthetic import gaussian_classes


@pytest.fixture(scope='module')
def found():
    features, clean, given = gaussian_classes()
    return features, clean, given, find_issues(given, features=features)


def test_finds_wrong_labels_and_what_they_should_be(found):
    _, clean, given, issues = found
    scores = detection_scores(issues.score, issues.is_issue, given != clean)
    assert scores['auc'] > 0.97 and scores['precision'] > 0.85 and scores['recall'] > 0.85
    repaired = np.where(issues.is_issue, issues.suggested, given)
    assert (repaired == clean).mean() > 0.93
    low, high = issues.noise.rate.low, issues.noise.rate.high
    assert low <= 0.2 <= high and high - low < 0.15
    assert not issues.notes


def test_order_columns_and_ranges(found):
    _, _, given, issues = found
    order = issues.worst_first()
    assert (np.diff(issues.score[order]) >= 0).all() and issues.is_issue[order[0]] and not issues.is_issue[order[-1]]
    assert [judge.name for judge in issues.judges] == ['probe', 'knn']
    assert ((issues.score >= 0) & (issues.score <= 1)).all() and (
        issues.suggested[issues.is_issue] != given[issues.is_issue]
    ).all()
    for judge in issues.judges:
        assert (judge.choice[issues.is_issue] != given[issues.is_issue]).all()
        np.testing.assert_allclose(judge.probabilities.sum(1), 1, atol=1e-5)


def test_the_same_seed_gives_the_same(found):
    features, _, given, issues = found
    again = find_issues(given, features=features)
    assert np.array_equal(issues.score, again.score) and issues.noise.rate == again.noise.rate
    assert not np.array_equal(issues.score, find_issues(given, features=features, seed=1).score)


def test_names_as_labels(found):
    features, _, given, issues = found
    names = np.array(['owl', 'ant', 'bee', 'cat'])
    named = find_issues(names[given], features=features, classes=names)
    assert named.classes == names.tolist() and np.array_equal(named.is_issue, issues.is_issue)
    assert find_issues(names[given], features=features).classes == sorted(names)


def test_pred_probs_alone_and_beside_features(found):
    features, clean, given, issues = found
    probe = issues.judges[0].probabilities
    alone = find_issues(given, pred_probs=probe)
    assert [judge.name for judge in alone.judges] == ['pred_probs'] and not alone.near_duplicates
    np.testing.assert_allclose(alone.score, issues.judges[0].score)
    both = find_issues(given, pred_probs=dict(net=probe), features=features, judges=['knn'])
    assert [judge.name for judge in both.judges] == ['knn', 'net']
    np.testing.assert_allclose(both.score, issues.score)


def test_a_judge_with_scores_only(found):
    _, clean, given, _ = found
    rng = np.random.default_rng(0)
    wrong = given != clean
    score = np.where(wrong, 0.2, 0.8) + 0.1 * rng.random(len(given))
    judge = judge_by_scores('samples', given, score, wrong, np.where(wrong, clean, -1))
    issues = find_issues(given, judges=[judge])
    assert np.array_equal(issues.is_issue, wrong) and np.array_equal(issues.suggested[wrong], clean[wrong])
    assert issues.noise.rate.estimate == pytest.approx(wrong.mean())


def test_right_labels_are_left_alone():
    features, clean, _ = gaussian_classes(distance=2.5)
    issues = find_issues(clean, features=features)
    disagree = np.all([judge.choice != clean for judge in issues.judges], axis=0).sum()
    assert disagree > 10 and issues.is_issue.sum() < disagree / 4
    assert 'labels worse' in issues.notes[0]


def test_no_more_flags_than_the_noise_explains():
    rate = Interval(0.02, 0.01, 0.05)
    labels = np.arange(100) % 2
    probabilities = np.full((100, 2), [0.95, 0.05])
    probabilities[labels == 1] = [0.05, 0.95]
    probabilities[:20] = probabilities[:20, ::-1]
    probabilities[:3] = np.clip(1.5 * probabilities[:3] - 0.25, 0, 1)  # the surest three
    judge = judge_by_probabilities('one', labels, probabilities)
    verdict = reach_consensus(labels, [judge], rate, 2)
    assert verdict.is_issue.sum() == 5 and verdict.is_issue[:3].all() and 'explains 5' in verdict.notes[-1]
    assert reach_consensus(labels, [judge], Interval(0.2, 0.1, 0.3), 2).is_issue.sum() == 20


def test_features_that_say_nothing_flag_nothing():
    _, _, given = gaussian_classes()
    noise = np.random.default_rng(1).standard_normal((len(given), 20))
    issues = find_issues(given, features=noise)
    assert not issues.is_issue.any() and 'nothing is flagged' in issues.notes[0]
    alone = find_issues(given, pred_probs=np.random.default_rng(2).dirichlet(np.ones(4), len(given)))
    assert not alone.is_issue.any() and 'nothing is flagged' in alone.notes[0]


@pytest.mark.parametrize('distance, rate, note', [(1.4, 0.25, 'often disagree'), (1.8, 0.1, 'labels worse')])
def test_judges_that_are_worse_than_the_labels_keep_few_flags(distance, rate, note):
    features, clean, given = gaussian_classes(distance=distance, rate=rate, size=800)
    issues = find_issues(given, features=features)
    assert 0 < issues.is_issue.sum() < 40 and note in issues.notes[0]
    # All suggestions on which the judges differ from the label would do harm; what is kept does not.
    differs = np.all([judge.choice != given for judge in issues.judges], axis=0)
    right = (given == clean).mean()
    assert (np.where(differs, issues.suggested, given) == clean).mean() < right - 0.05
    assert (np.where(issues.is_issue, issues.suggested, given) == clean).mean() > right


def test_a_small_class_is_listed_and_not_judged():
    features, _, given = gaussian_classes()
    given = np.append(given, [5] * 3)
    features = np.concatenate([features, features[:3] + 10])
    issues = find_issues(given, features=features)
    assert issues.small_classes == [5] and np.isnan(issues.score[-3:]).all() and not issues.is_issue[-3:].any()
    assert np.array_equal(issues.worst_first()[-3:], [400, 401, 402])
    assert any('5 (3)' in note for note in issues.notes) and any('without samples: 4' in note for note in issues.notes)


def test_imbalance_is_told():
    features, clean, given = gaussian_classes(size=600)
    rows = np.concatenate([np.flatnonzero(given != 3), np.flatnonzero(given == 3)[:20]])
    issues = find_issues(given[rows], features=features[rows])
    assert any('unequal size' in note and '3 20' in note for note in issues.notes)


@pytest.mark.parametrize(
    'labels, options, message',
    [
        ([0, 1] * 20, dict(), 'nothing to judge by'),
        ([0, 1] * 20, dict(features=np.ones((39, 3))), r'shape \(40, D\), not \(39, 3\)'),
        ([0, 1] * 20, dict(features=np.full((40, 3), np.nan)), 'row 0 are not finite'),
        ([0, 1] * 20, dict(judges=['forest'], features=np.ones((40, 3))), "no judge 'forest'"),
        ([0, 1] * 20, dict(judges=['knn']), "'knn' needs features"),
        ([0, 1] * 20, dict(pred_probs=np.ones((40, 1))), r'shape \(40, K\) with K > 1'),
        ([0, 1] * 20, dict(pred_probs=np.full((40, 2), 7.0)), r'in \[0, 1\], not in \[7, 7\]'),
        ([0] * 40, dict(features=np.ones((40, 3))), 'two classes with at least 10'),
        ([0.5] * 40, dict(features=np.ones((40, 3))), 'not float64'),
        ([-1, 0], dict(features=np.ones((2, 3))), 'Row 0 has the label'),
        (['a', 'b'], dict(features=np.ones((2, 3)), classes=['a']), "Row 1 has the label .*'b'"),
        ([], dict(), 'a list of N labels'),
    ],
)
def test_bad_arrays(labels, options, message):
    with pytest.raises(ValueError, match=message):
        find_issues(labels, **options)
