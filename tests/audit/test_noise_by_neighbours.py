import numpy as np

from mmnoisy.audit.noise_estimate import estimate_noise_by_neighbours

T = np.array([[0.7, 0.2, 0.1], [0.05, 0.9, 0.05], [0.0, 0.3, 0.7]])


def test_noise_by_neighbours():
    """Samples of clean classes 0, 1, 2 in a row, neighbours drawn from the same class; a fourth class has no sample."""
    rng = np.random.default_rng(0)
    clean = np.repeat([0, 1, 2], [1200, 900, 600])
    labels = np.array([rng.choice(3, p=T[c]) for c in clean])
    members = [np.flatnonzero(clean == c) for c in range(3)]
    neighbours = np.array([rng.choice(members[c], 2, replace=False) for c in clean])
    found = estimate_noise_by_neighbours(labels, neighbours, 4, resamples=20)
    wrong = labels != clean
    assert abs(found.rate.estimate - wrong.mean()) < 0.03
    assert found.rate.low <= found.rate.estimate <= found.rate.high and found.rate.high - found.rate.low < 0.1
    for label in range(3):
        assert abs(found.by_class.estimate[label] - wrong[labels == label].mean()) < 0.06
    assert np.isnan(found.by_class.estimate[3])
    assert np.abs(found.transition.estimate[:3, :3] - T).max() < 0.06 and found.transition.estimate[3, 3] == 1
