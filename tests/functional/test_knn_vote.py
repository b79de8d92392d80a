import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from mmnoisy.engine.streams import balanced_stream
from mmnoisy.functional import knn_vote as module
from mmnoisy.functional.knn_vote import knn_vote

N, C, K = 90, 6, 4
RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(N, C))
LABELS = RNG.choice(K, N, p=(0.5, 0.2, 0.2, 0.1))
ASKED = np.stack([LABELS, RNG.integers(0, K, N)], 1)


def reference(k, weighting):
    """Float64 votes (N, K) by scikit-learn's neighbours."""
    neighbours = NearestNeighbors(n_neighbors=k, metric='cosine').fit(FEATURES)
    distance, index = neighbours.kneighbors(FEATURES)
    votes = np.zeros((N, K))
    for i in range(N):
        for d, j in zip(distance[i], index[i]):
            votes[i, LABELS[j]] += 1 if weighting == 'uniform' else max(1 - d, 0)
    return votes / (np.bincount(LABELS, minlength=K) / N)


def vote(k, weighting='uniform', **kwargs):
    return knn_vote(*map(torch.tensor, (FEATURES, LABELS, ASKED)), num_classes=K, k=k, weighting=weighting, **kwargs)


@pytest.mark.parametrize('block', [2**26, 7 * N, 1])
@pytest.mark.parametrize('weighting', ['uniform', 'cosine'])
@pytest.mark.parametrize('k', [1, 9, N])
def test_equals_scikit_learn(monkeypatch, k, weighting, block):
    monkeypatch.setattr(module, '_BLOCK', block)
    votes = reference(k, weighting)
    found = vote(k, weighting)
    share = np.take_along_axis(votes, ASKED, 1) / votes.max(1, keepdims=True)
    np.testing.assert_allclose(found.share, share, atol=1e-5)
    np.testing.assert_allclose(np.take_along_axis(votes, found.winner.numpy()[:, None], 1)[:, 0], votes.max(1))


def test_the_label_that_wins_has_exactly_all_of_the_winners_votes():
    found = vote(9)
    won = found.winner == torch.tensor(LABELS)
    assert 0 < won.sum() < N
    assert (found.share[won, 0] == 1).all() and found.share.max() == 1


def test_rows_and_more_neighbours_than_samples():
    rows = torch.arange(1, N, 3)
    whole, part = vote(9), vote(9, rows=rows)
    assert torch.equal(part.winner, whole.winner[rows]) and torch.equal(part.share, whole.share[rows])
    assert torch.equal(vote(N).share, vote(10 * N).share)
    assert vote(9, rows=rows[:0]).share.shape == (0, 2)


def test_features_without_direction_and_absent_classes():
    labels = torch.zeros(5, dtype=torch.int64)
    asked = torch.stack([labels, labels + 2], dim=1)
    for weighting in ('uniform', 'cosine'):
        found = knn_vote(torch.zeros(5, 3), labels, asked, 3, 2, weighting)
        assert found.share.isfinite().all() and (found.winner == 0).all() and (found.share[:, 1] == 0).all()


def test_balanced_stream():
    labels = torch.tensor([0] * 7 + [2] * 3 + [3])
    rows = torch.arange(100, 111)
    stream = balanced_stream(rows, labels, torch.Generator().manual_seed(0))
    count = torch.bincount(stream, minlength=111)[100:]
    assert (count[labels == 0] == 1).all() and (count[labels == 3] == 7).all()
    assert count[labels == 2].sum() == 7 and count[labels == 2].min() == 2
    assert not len(balanced_stream(rows[:0], labels[:0], torch.Generator()))
