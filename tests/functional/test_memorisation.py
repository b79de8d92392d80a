"""ADELE's curve, and the scores of pixels, against sums by hand."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, jaccard_score

from mmnoisy.functional.memorisation import curve, fit_curve, is_memorising, slope
from mmnoisy.functional.pixel_scores import confusion, iou_of

EPOCHS = np.arange(1.0, 21)


@pytest.mark.parametrize('values', [(0.8, 0.5, 1.0), (0.6, 0.9, 0.4), (0.9, 0.05, 0.9)])
def test_the_fit_finds_the_curve(values):
    iou = curve(EPOCHS, *values)
    np.testing.assert_allclose(curve(EPOCHS, *fit_curve(iou)), iou, atol=1e-3)
    step = 1e-6
    by_difference = (curve(EPOCHS + step, *values) - curve(EPOCHS - step, *values)) / (2 * step)
    np.testing.assert_allclose(slope(EPOCHS, *values), by_difference, rtol=1e-6, atol=1e-9)


def test_a_class_is_memorised_where_the_slope_has_fallen():
    """For ``a (1 - exp(-b t))`` the slope in epoch t is ``exp(-b (t - 1))`` of the first: below 0.1 from t = 1 + ln 10 / b."""
    b = 0.3
    first = next(t for t in range(3, 21) if is_memorising(curve(EPOCHS[:t], 0.7, b, 1.0)))
    assert first == int(np.floor(1 + np.log(10) / b)) + 1 == 9
    assert not is_memorising(curve(EPOCHS[: first - 1], 0.7, b, 1.0))
    assert is_memorising(curve(EPOCHS[:6], 0.7, b, 1.0), change=0.5)


def test_what_has_not_been_learnt_is_not_memorised():
    assert not is_memorising(np.full(10, 0.02))
    assert not is_memorising(np.array([0.5, 0.5]))
    # Learnt late: flat, then rising still.
    assert not is_memorising(np.array([0, 0, 0, 0, 0.01, 0.02, 0.05, 0.11, 0.2, 0.3]))
    assert is_memorising(np.array([0, 0, 0.05, 0.2, 0.4, 0.55, 0.6, 0.61, 0.61, 0.61, 0.61]))


def test_confusion_and_iou():
    rng = np.random.default_rng(0)
    label, prediction = rng.integers(0, 5, (2, 3, 8, 8))
    label[label == 4] = 255
    prediction[prediction == 4] = 0
    known = label != 255
    counts = confusion(label, prediction, 5)
    assert (counts == confusion_matrix(label[known], prediction[known], labels=range(5))).all()
    iou, mean, accuracy = iou_of(counts)
    expected = jaccard_score(label[known], prediction[known], labels=range(4), average=None)
    np.testing.assert_allclose(iou[:4], expected)
    assert np.isnan(iou[4]) and mean == pytest.approx(expected.mean())
    assert accuracy == pytest.approx((label == prediction)[known].mean())
    assert np.isnan(iou_of(np.zeros((3, 3)))[1])
