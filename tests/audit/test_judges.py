import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.neighbors import NearestNeighbors

from mmnoisy.audit.judges import judge_by_probabilities
from mmnoisy.audit.knn import knn_probabilities
from mmnoisy.audit.neighbours import (
    duplicate_of,
    find_neighbours,
    near_duplicates,
    near_threshold,
    outliers,
    standardise,
    voters,
)
from mmnoisy.audit.noise_estimate import estimate_noise, estimated_joint
from mmnoisy.audit.probe import GRID, probe_probabilities, stratified_folds
from mmnoisy.functional.confident_joint import class_thresholds, confident_joint_rate
from tests.audit.synthetic import gaussian_classes


def test_the_margin_and_the_choice():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [np.nan] * 3])
    judge = judge_by_probabilities('one', np.array([0, 1, 2]), probabilities)
    np.testing.assert_allclose(judge.score, [0.75, 0.35, np.nan])
    assert judge.choice.tolist() == [0, 2, 2] and judge.judged.tolist() == [True, True, False]
    assert judge.accuracy(np.array([0, 1, 2])) == 0.5


@pytest.mark.parametrize('k', [1, 7])
def test_votes_equal_scikit_learn(k):
    features, _, labels = gaussian_classes(size=90)
    _, index = NearestNeighbors(n_neighbors=k + 1, metric='cosine').fit(features).kneighbors(features)
    share = np.bincount(labels) / len(labels)
    expected = np.full((90, 4), 1 / 4)
    for i in range(90):
        assert index[i, 0] == i
        for j in index[i, 1:]:
            expected[i, labels[j]] += 1 / (4 * share[labels[j]])
    expected /= expected.sum(1, keepdims=True)
    found = voters(find_neighbours(features, k), k, threshold=2)
    np.testing.assert_allclose(knn_probabilities(found, labels, 4), expected, rtol=1e-5)


def test_a_copy_does_not_vote_for_its_label():
    features, _, labels = gaussian_classes(size=90)
    features[1] = features[0]
    neighbours = find_neighbours(standardise(features), 20)
    found = voters(neighbours, 20, near_threshold(neighbours))
    assert neighbours.index[0, 0] == 1 and 1 not in found.index[0] and found.is_voter.all()


def test_near_duplicates_and_their_groups():
    rng = np.random.default_rng(0)
    features = standardise(rng.standard_normal((60, 30)))
    features[[7, 9]] = features[3] + 0.01 * rng.standard_normal((2, 30))
    features[50] = features[20] * 2  # the same direction
    neighbours = find_neighbours(features, 20)
    pairs = near_duplicates(neighbours, near_threshold(neighbours))
    assert {pair[:2] for pair in pairs} == {(3, 7), (3, 9), (7, 9), (20, 50)}
    assert pairs[0][:2] == (20, 50) and pairs[0][2] == pytest.approx(1)
    copies = duplicate_of(pairs, 60)
    assert {row: copies[row] for row in np.flatnonzero(copies >= 0)} == {7: 3, 9: 3, 50: 20}
    assert (duplicate_of([], 5) == -1).all()


def test_outliers_are_far_from_every_class():
    features, _, _ = gaussian_classes(size=200, dim=40, distance=12)
    features[[5, 6]] = 12 * np.linalg.qr(np.random.default_rng(3).standard_normal((40, 2)))[0].T
    neighbours = find_neighbours(standardise(features), 20)
    rows = outliers(voters(neighbours, 20, near_threshold(neighbours)))
    assert {row for row, _ in rows} == {5, 6} and all(0 < score < 0.5 for _, score in rows)


def test_folds_spread_each_class_and_keep_copies_together():
    labels = np.repeat([0, 1, 2], [50, 13, 4])
    copies = np.full(len(labels), -1)
    copies[60] = 0
    fold = stratified_folds(labels, 5, seed=0, first_of_group=copies)
    assert fold[60] == fold[0]
    fold = stratified_folds(labels, 5, seed=0)
    counts = np.array([np.bincount(fold[labels == label], minlength=5) for label in range(3)])
    assert (np.ptp(counts, axis=1) <= 1).all() and np.ptp(counts.sum(0)) <= 1


def test_the_probe_is_logistic_regression_at_the_best_strength():
    features, _, labels = gaussian_classes(size=200, distance=3)
    features = standardise(features)
    fold = stratified_folds(labels, 5)
    found = probe_probabilities(features, labels, 4, fold)
    reference = {}
    for strength in GRID:
        probabilities = np.zeros((200, 4))
        for f in range(5):
            # scikit-learn's own optimum, from zero and in float64
            model = LogisticRegression(C=strength, tol=1e-8, max_iter=5000).fit(
                features[fold != f].astype(float), labels[fold != f]
            )
            probabilities[fold == f] = softmax(features[fold == f] @ model.coef_.T + model.intercept_, axis=1)
        reference[strength] = probabilities
    best = min(GRID, key=lambda strength: log_loss(labels, reference[strength]))
    np.testing.assert_allclose(found, reference[best], atol=5e-3)
    assert GRID[0] < best < GRID[-1]


def test_the_probe_does_not_see_the_own_label():
    features, _, labels = gaussian_classes(size=200)
    fold = stratified_folds(labels, 5)
    found = probe_probabilities(standardise(features), labels, 4, fold)
    # Another label outside the fold's training part changes nothing but the strength that is chosen.
    changed = labels.copy()
    changed[fold == 0] = np.random.default_rng(0).permutation(changed[fold == 0])
    again = probe_probabilities(standardise(features), changed, 4, fold)
    assert not np.allclose(found[fold == 1], again[fold == 1], atol=1e-3)
    assert np.abs(found[fold == 0] - again[fold == 0]).mean() < 0.1


def test_a_class_of_one_fold_gets_no_probability():
    features, _, labels = gaussian_classes(size=80)
    labels[0] = 4
    found = probe_probabilities(standardise(features), labels, 5, stratified_folds(labels, 5))
    assert found[0, 4] == 0 and found.sum(1) == pytest.approx(np.ones(80), abs=1e-5)


def test_the_joint_equals_our_own_confident_joint():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4) / 2, 300)
    labels = np.where(rng.random(300) < 0.7, probabilities.argmax(1), rng.integers(4, size=300))
    thresholds = class_thresholds(probabilities[np.arange(300), labels], labels, 4)
    reached = probabilities >= thresholds
    confident = np.where(reached.any(1), np.where(reached, probabilities, -1).argmax(1), -1)
    rate = confident_joint_rate(labels, confident, 4)
    joint = estimated_joint(labels, probabilities)
    # cleanlab rounds its calibrated joint to whole samples.
    assert 1 - np.trace(joint) == pytest.approx(rate, abs=0.004) and joint.sum() == pytest.approx(1)
    np.testing.assert_allclose(joint.sum(0), np.bincount(labels) / 300, atol=0.004)


def test_transition_matrix_and_intervals():
    rng = np.random.default_rng(0)
    matrix = np.array([[0.9, 0.1, 0], [0, 0.7, 0.3], [0, 0, 1]])
    clean = rng.integers(3, size=6000)
    labels = np.array([rng.choice(3, p=matrix[c]) for c in clean])
    noise = estimate_noise(labels, matrix[clean], resamples=50)  # the noisy posterior of an ideal judge
    np.testing.assert_allclose(noise.transition.estimate, matrix, atol=0.02)
    assert (noise.transition.low <= noise.transition.estimate).all()
    assert (noise.transition.high >= noise.transition.estimate).all()
    truth = [(clean != labels)[labels == label].mean() for label in range(3)]
    np.testing.assert_allclose(noise.by_class.estimate, truth, atol=0.02)
    assert noise.rate.low < (clean != labels).mean() < noise.rate.high < noise.rate.low + 0.03


def test_a_class_without_samples_has_no_noise():
    probabilities = np.tile([0.5, 0.3, 0.2], (40, 1))
    noise = estimate_noise(np.array([0, 1] * 20), probabilities, resamples=5)
    assert np.isnan(noise.by_class.estimate[2]) and noise.transition.estimate[2].tolist() == [0, 0, 1]
