"""Prototypes against a loop in float64 that follows the paper word by word, and on features of known structure."""

import numpy as np
import pytest
import torch

from mmnoisy.functional.prototypes import (
    choose_density,
    class_similarities,
    class_vectors,
    distinctness,
    draw_subset,
    select_prototypes,
    similarity_densities,
)


def cosine(a, b):
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def reference(features, count, rank, threshold):
    """Densities, distinctness and prototypes of one class, (M, C) float64."""
    size = len(features)
    S = [[cosine(a, b) for b in features] for a in features]
    cut = sorted(value for row in S for value in row)[int(rank * size * size)]
    rho = [sum((s > cut) - (s < cut) for s in row) for row in S]
    # Of equally dense samples the earlier one is the denser.
    order = sorted(range(size), key=lambda i: (-rho[i], i))
    eta = [0.0] * size
    for place, i in enumerate(order):
        eta[i] = max(S[i][j] for j in order[:place]) if place else min(S[i])
    chosen = [i for place, i in enumerate(order) if place == 0 or eta[i] < threshold]
    return rho, eta, chosen[:count]


@pytest.mark.parametrize('size, channels, count, rank, threshold', [(40, 5, 8, 0.4, 0.95), (31, 3, 4, 0.7, 0.8)])
def test_equals_the_reference(size, channels, count, rank, threshold):
    features = np.random.default_rng(size).gamma(1.0, size=(size, channels))
    rho, eta, chosen = reference(features, count, rank, threshold)
    assert len(set(rho)) < size, 'no ties to break'
    unit = torch.nn.functional.normalize(torch.from_numpy(features), dim=1)
    similarity = unit @ unit.T
    density = similarity_densities(similarity, rank)
    np.testing.assert_allclose(density, rho, atol=1)  # the pair at the cut itself may round either way
    np.testing.assert_allclose(distinctness(similarity, torch.tensor(rho)), eta, rtol=1e-12)
    assert select_prototypes(torch.from_numpy(features), count, rank, threshold).tolist() == chosen


def directions(degrees, spread, size, rng):
    """Unit vectors (size, 2) around a direction."""
    angles = np.deg2rad(degrees + spread * rng.standard_normal(size))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_a_small_eta_is_distinct():
    # Three samples in a row and one apart: the two of the centre's side are like the denser centre.
    angles = np.deg2rad([0, 2, -2, 60])
    similarity = torch.from_numpy(np.cos(angles[:, None] - angles[None]))
    eta = distinctness(similarity, torch.tensor([3.0, 2.0, 1.0, 0.0]))
    assert eta.tolist() == pytest.approx(np.cos(np.deg2rad([60, 2, 2, 58])).tolist())
    features = torch.from_numpy(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    chosen = select_prototypes(features, count=4).tolist()
    assert len(chosen) == 2 and 3 in chosen


def test_prototypes_cover_both_dense_parts_of_a_class():
    # 80 samples around one axis, 15 around another, 5 anywhere.
    rng = np.random.default_rng(0)
    parts = [axis + 0.03 * rng.standard_normal((size, 16)) for axis, size in zip(np.eye(16), (80, 15))]
    features = torch.from_numpy(np.concatenate([*parts, rng.standard_normal((5, 16))]))
    chosen = select_prototypes(features, count=2).tolist()
    # The second is not one more of the larger part, though all of those are denser.
    assert chosen[0] < 80 <= chosen[1] < 95
    densest = select_prototypes(features, count=2, max_similarity=1.0).tolist()
    assert max(densest) < 80


def test_a_compact_class_takes_its_prototypes_from_its_densest_part_alone():
    # 60 right labels in one tight cluster, 13 wrong ones in each of three others: those are what is distinct.
    rng = np.random.default_rng(4)
    parts = [axis + 0.02 * rng.standard_normal((size, 16)) for axis, size in zip(np.eye(16), (60, 13, 13, 13))]
    features = torch.from_numpy(np.concatenate(parts))
    everywhere = select_prototypes(features, count=4, rank=0.75)
    assert (everywhere >= 60).sum() == 3
    dense = select_prototypes(features, count=4, rank=0.75, dense_share=0.5)
    assert dense.tolist() == everywhere[:1].tolist() and dense[0] < 60
    # Not even one sample's share: the densest stays.
    assert select_prototypes(features, rank=0.75, dense_share=1e-3).tolist() == dense.tolist()


def test_the_choice_is_the_pair_of_the_best_agreement():
    # Three compact classes, two of five labels wrong: what is distinct is another class, unless only dense samples count.
    rng = np.random.default_rng(6)
    clean = rng.integers(0, 3, 240)
    noisy = np.where(rng.random(240) < 0.4, (clean + rng.integers(1, 3, 240)) % 3, clean)
    features = torch.from_numpy(np.eye(12)[clean] + 0.03 * rng.standard_normal((240, 12)))
    labels, ranks, shares = torch.from_numpy(noisy), (0.4, 0.75), (1.0, 0.3)
    agreements, right = {}, {}
    for rank in ranks:
        for share in shares:
            rows = [np.flatnonzero(noisy == label) for label in range(3)]
            rows = [r[select_prototypes(features[r], 4, rank, dense_share=share).numpy()] for r in rows]
            found = class_similarities(features, class_vectors([features[r] for r in rows], 12)).argmax(1).numpy()
            others = np.setdiff1d(np.arange(240), np.concatenate(rows))
            agreements[rank, share] = (found == noisy)[others].mean()
            right[rank, share] = (found == clean).mean()
    choice = choose_density(features, labels, ranks, shares, count=4)
    assert choice.agreement == pytest.approx(max(agreements.values()))
    assert choice[:2] == max(agreements, key=agreements.get)
    # The true labels say the same, and that there was something to choose.
    assert right[choice[:2]] == 1 and min(right.values()) < 0.7


def test_equally_dense_twins_are_one_prototype():
    twins = torch.eye(4, dtype=torch.float64).repeat_interleave(5, dim=0)
    assert sorted(index // 5 for index in select_prototypes(twins, count=4).tolist()) == [0, 1, 2, 3]
    assert select_prototypes(torch.ones(6, 3), count=8).tolist() == [0]
    assert select_prototypes(torch.ones(1, 3), count=8).tolist() == [0]


def test_mislabelled_samples_are_recovered():
    # Three classes of two parts each; two of five labels are wrong.
    rng = np.random.default_rng(1)
    centres = np.array([[0, 60], [120, 180], [240, 300]])
    clean = np.repeat(np.arange(3), 100)
    features = np.concatenate([directions(degrees, 5, 50, rng) for degrees in centres.flatten()])
    noisy = np.where(rng.random(300) < 0.4, (clean + rng.integers(1, 3, 300)) % 3, clean)
    assert 0.3 < (noisy != clean).mean() < 0.5
    features = torch.from_numpy(features)
    members = [(torch.from_numpy(noisy) == label).nonzero().flatten() for label in range(3)]
    prototypes = [features[rows][select_prototypes(features[rows], count=2)] for rows in members]
    similarity = class_similarities(features, class_vectors(prototypes, 2))
    assert (similarity.argmax(1).numpy() == clean).mean() > 0.98


def test_similarity_is_the_mean_cosine_and_empty_classes_are_never_chosen():
    rng = np.random.default_rng(2)
    features, sizes = rng.standard_normal((7, 4)), (3, 0, 1)
    prototypes = [rng.standard_normal((size, 4)) for size in sizes]
    found = class_similarities(
        torch.from_numpy(features), class_vectors([torch.from_numpy(rows) for rows in prototypes], 4)
    )
    for label, rows in enumerate(prototypes):
        expected = [np.mean([cosine(x, row) for row in rows]) if len(rows) else -np.inf for x in features]
        np.testing.assert_allclose(found[:, label], expected, rtol=1e-12)


def test_subset_of_each_class():
    labels = np.random.default_rng(3).permutation(np.repeat([0, 1, 4], [30, 3, 10]))
    rows = draw_subset(labels, 8, np.random.default_rng([0, 5]))
    assert np.bincount(labels[rows]).tolist() == [8, 3, 0, 0, 8]
    assert torch.equal(rows, rows.unique())
    assert torch.equal(rows, draw_subset(labels, 8, np.random.default_rng([0, 5])))
    assert not torch.equal(rows, draw_subset(labels, 8, np.random.default_rng([0, 6])))
