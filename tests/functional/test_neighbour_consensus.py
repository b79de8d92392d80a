"""T from labels of neighbours: exact consensuses, drawn labels, least squares as in the paper, features."""

from itertools import product

import numpy as np
import pytest
import torch
from scipy.optimize import least_squares

from mmnoisy.functional.neighbour_consensus import fit_consensus, hoc, neighbour_labels

K = 4
T = np.array([[0.6, 0.2, 0.1, 0.1], [0, 0.9, 0.1, 0], [0.1, 0.1, 0.5, 0.3], [0.25, 0.05, 0.05, 0.65]])
PRIOR = np.array([0.4, 0.3, 0.2, 0.1])


def consensuses(transition, prior):
    """P of one, two and three labels, by loops."""
    one, two, three = np.zeros(K), np.zeros((K, K)), np.zeros((K, K, K))
    for i, a in product(range(K), repeat=2):
        one[a] += prior[i] * transition[i, a]
        for b in range(K):
            two[a, b] += prior[i] * transition[i, a] * transition[i, b]
            for c in range(K):
                three[a, b, c] += prior[i] * transition[i, a] * transition[i, b] * transition[i, c]
    return one, two, three


def drawn(size, seed=0):
    rng = np.random.default_rng(seed)
    clean = rng.choice(K, p=PRIOR, size=size)
    return torch.tensor([[rng.choice(K, p=T[c]) for _ in range(3)] for c in clean])


def test_exact_consensuses_give_t_and_the_prior():
    triples = torch.tensor(list(product(range(K), repeat=3)))
    weights = torch.as_tensor(consensuses(T, PRIOR)[2].flatten())
    found = fit_consensus(triples, K, steps=20000, tolerance=1e-12, weights=weights)
    np.testing.assert_allclose(found.transition, T, atol=1e-4)
    np.testing.assert_allclose(found.prior, PRIOR, atol=1e-4)
    assert found.noise_rate() == pytest.approx(1 - PRIOR @ T.diagonal(), abs=1e-4)


def paper(triples):
    """Least squares on the consensuses of one, two and three labels, T and p by softmax."""
    counts = np.zeros((K, K, K))
    np.add.at(counts, tuple(triples.T.numpy()), 1)
    three = counts / counts.sum()
    seen = three.sum((1, 2)), three.sum(2), three

    def parts(x):
        t, p = np.exp(x[: K * K].reshape(K, K)), np.exp(x[K * K :])
        return t / t.sum(1, keepdims=True), p / p.sum()

    def distance(x):
        return np.concatenate([(a - b).ravel() for a, b in zip(consensuses(*parts(x)), seen)])

    start = np.concatenate([np.log(0.6 * np.eye(K) + 0.1).ravel(), np.zeros(K)])
    return parts(least_squares(distance, start).x)[0]


def test_drawn_labels_give_t_as_exactly_as_the_papers_least_squares():
    triples = drawn(6000)
    found = fit_consensus(triples, K)
    error = np.abs(found.transition - T).mean()
    assert error < 0.015 and error < 1.2 * np.abs(paper(triples) - T).mean()
    np.testing.assert_allclose(found.transition.sum(1), 1, rtol=1e-12)


def test_blocks_change_nothing(monkeypatch):
    triples = drawn(500)
    whole = fit_consensus(triples, K, steps=5)
    monkeypatch.setattr('mmnoisy.functional.neighbour_consensus._BLOCK', 8)
    np.testing.assert_allclose(fit_consensus(triples, K, steps=5).transition, whole.transition, rtol=1e-12)


def test_neighbours_are_the_nearest_two():
    features = torch.randn(60, 5, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(60)
    unit = features / features.norm(dim=1, keepdim=True)
    for row, (own, first, second) in enumerate(neighbour_labels(features, labels).tolist()):
        order = (unit @ unit[row]).argsort(descending=True).tolist()
        assert [own, first, second] == [row, *[i for i in order if i != row][:2]]
    with pytest.raises(ValueError, match='three samples or more, not 2'):
        neighbour_labels(features[:2], labels[:2])


def test_features_of_separate_classes():
    rng = np.random.default_rng(0)
    clean = rng.choice(K, p=PRIOR, size=5000)
    labels = np.array([rng.choice(K, p=T[c]) for c in clean])
    features = 4 * np.eye(K)[clean] + 0.3 * rng.normal(size=(5000, K))
    # A class without labels.
    found = hoc(features.astype(np.float32), labels, K + 1)
    assert np.abs(found[:K, :K] - T).mean() < 0.02
    assert found[K, K] == 1
