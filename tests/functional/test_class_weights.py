"""Weights under which classes count alike, and what they are for: the order of classifiers on noisy labels."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from mmnoisy.functional.class_weights import MOST, class_weights


def test_the_weighted_share_is_the_balanced_accuracy():
    rng = np.random.default_rng(0)
    labels, predicted = rng.choice(4, 300, p=[0.4, 0.3, 0.2, 0.1]), rng.integers(0, 4, 300)
    weighted = (class_weights(labels) * (labels == predicted)).mean()
    assert weighted == pytest.approx(balanced_accuracy_score(labels, predicted))
    # Classes that are not there count nothing.
    assert (class_weights(labels) == class_weights(labels + 5)).all()


def test_a_rare_class_has_no_more_than_its_bound():
    labels = np.array([0] * 97 + [1] * 3)
    weights = class_weights(labels)
    assert weights.mean() == pytest.approx(1) and weights[99] / weights[0] == pytest.approx(MOST / (50 / 97))
    assert class_weights(np.array([], dtype=int)).shape == (0,)


def test_class_noise_keeps_the_order_of_two_classes():
    """Menon et al. 2015: balanced accuracy on noisy labels is an increasing line of that on right ones; accuracy is not."""
    n, keep, flip = 100_000, 0.6, np.random.default_rng(1).random(100_000) < 0.4
    clean = np.arange(n) % 2
    given = np.where((clean == 1) & flip, 0, clean)
    # One is right in 85 % of both classes; the other calls more of them 0, as the noise does, and is right in 80 %.
    draw = np.random.default_rng(2).random(n)
    good = np.where(draw < 0.85, clean, 1 - clean)
    bent = np.where(draw < np.where(clean == 0, 1.0, 0.6), clean, 1 - clean)
    accuracy = [(given == predicted).mean() for predicted in (good, bent)]
    balanced = [(class_weights(given) * (given == predicted)).mean() for predicted in (good, bent)]
    assert accuracy[0] < accuracy[1] and balanced[0] > balanced[1]
    # The rates of wrong labels among those observed as 0 and as 1.
    wrong = 0.5 * (1 - keep) / (0.5 + 0.5 * (1 - keep))
    for predicted, found in zip((good, bent), balanced):
        right = np.mean([(predicted == clean)[clean == k].mean() for k in (0, 1)])
        assert 2 * found - 1 == pytest.approx((1 - wrong) * (2 * right - 1), abs=0.01)
