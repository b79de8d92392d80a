import json
from types import SimpleNamespace

import numpy as np
import pytest

from mmnoisy.audit import noise_estimate
from mmnoisy.audit.files import write_audit
from mmnoisy.audit.issues import find_issues
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


def test_where_there_are_many_triples_some_samples_stand_for_all(monkeypatch):
    rng = np.random.default_rng(1)
    clean = np.sort(rng.integers(0, 3, 3000))
    labels = np.array([rng.choice(3, p=T[c]) for c in clean])
    members = [np.flatnonzero(clean == c) for c in range(3)]
    neighbours = np.array([rng.choice(members[c], 2, replace=False) for c in clean])
    whole = estimate_noise_by_neighbours(labels, neighbours, 3, resamples=0)
    half = estimate_noise_by_neighbours(labels, neighbours, 3, resamples=0, rows=np.arange(0, 3000, 2))
    assert 0 < abs(half.rate.estimate - whole.rate.estimate) < 0.05
    monkeypatch.setattr(noise_estimate, 'TRIPLES', 9)  # there are ten
    some = [estimate_noise_by_neighbours(labels, neighbours, 3, seed, resamples=0).rate.estimate for seed in (0, 0, 1)]
    assert some[0] == some[1] != whole.rate.estimate


@pytest.fixture(scope='module')
def clusters():
    """Features of three clear classes, copies among them, and labels by T."""
    rng = np.random.default_rng(2)
    clean = np.arange(600) % 3
    features = np.eye(3, 8)[clean] * 6 + rng.normal(size=(600, 8))
    features[1::60] = features[::60] + 1e-6
    clean[1::60] = clean[::60]
    labels = np.array([rng.choice(3, p=T[c]) for c in clean])
    labels[1::60] = labels[::60]
    return features.astype(np.float32), labels, clean


def test_issues_of_features_have_both_estimates(clusters):
    features, labels, clean = clusters
    found = find_issues(labels, features=features)
    expected = np.array([[np.mean(labels[clean == i] == j) for j in range(3)] for i in range(3)])
    for noise in (found.noise, found.neighbour_noise):
        assert abs(noise.rate.estimate - (labels != clean).mean()) < 0.05
        assert np.abs(noise.transition.estimate - expected).max() < 0.12
    # Too few samples for a matrix, and no features.
    assert find_issues(labels[:140], features=features[:140]).neighbour_noise is None
    probabilities = np.full((600, 3), 0.2) + 0.4 * np.eye(3)[clean]
    assert find_issues(labels, pred_probs=probabilities).neighbour_noise is None


@pytest.mark.parametrize('by_features', [True, False])
def test_audit_json_has_it_where_there_are_features(clusters, tmp_path, by_features):
    features, labels, clean = clusters
    judges = (
        dict(features=features) if by_features else dict(pred_probs=np.full((600, 3), 0.2) + 0.4 * np.eye(3)[clean])
    )
    issues = find_issues(labels, classes=['a', 'b', 'c'], **judges)
    data = SimpleNamespace(
        source='photos', paths=[f'{i}.png' for i in range(600)], labels=labels, classes=['a', 'b', 'c']
    )
    result = SimpleNamespace(folder=tmp_path, issues=issues, rows=np.arange(600), unreadable=[], seconds={})
    write_audit(result, data, None, None)
    summary = json.loads((tmp_path / 'audit.json').read_text())
    if not by_features:
        assert summary['noise_by_neighbours'] is None
        return
    found = summary['noise_by_neighbours']
    rate = found['noise_rate']
    assert rate['low'] <= rate['estimate'] <= rate['high']
    assert rate['estimate'] == pytest.approx(issues.neighbour_noise.rate.estimate, rel=1e-4)
    assert np.shape(found['transition']['matrix']) == (3, 3) and set(found['transition']) == {'matrix', 'low', 'high'}
    np.testing.assert_allclose(np.sum(found['transition']['matrix'], axis=1), 1, atol=1e-3)
