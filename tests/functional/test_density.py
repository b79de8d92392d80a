import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist, pdist
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from mmnoisy.functional.density import (
    closeness,
    cutoff_distance,
    densities,
    group_by_value,
    group_classes,
    reduce_features,
)


def rings(sizes=(30, 20, 12), radii=(0.2, 3.0, 9.0), channels=4, seed=0):
    """A class of a dense core and two ever thinner shells: features (N, C) and the shell of each sample."""
    rng = np.random.default_rng(seed)
    shell = np.repeat(np.arange(len(sizes)), sizes)
    direction = rng.normal(size=(len(shell), channels))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return torch.from_numpy(direction * np.array(radii)[shell][:, None]), torch.from_numpy(shell)


def reference_density(features, fraction):
    """The official recipe in numpy: sort all pairwise distances, count the neighbours below the cut-off."""
    pairs = np.sort(pdist(features))
    cutoff = pairs[int(fraction * len(pairs))]
    return cutoff, ((cdist(features, features) < cutoff).sum(1) - 1) / (len(features) - 1)


def test_density_matches_sorted_distances():
    features = torch.randn(50, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    cutoff, density = reference_density(features.numpy(), 0.6)
    assert cutoff_distance(features, 0.6) == pytest.approx(cutoff, rel=1e-12)
    # The pair that sets the cut-off is at it up to rounding.
    torch.testing.assert_close(densities(features, cutoff * (1 - 1e-9)), torch.from_numpy(density))


def test_gaussian_density_matches_formula():
    features, _ = rings()
    expected = (np.exp(-((cdist(features, features) / 2.0) ** 2)).sum(1) - 1) / (len(features) - 1)
    torch.testing.assert_close(densities(features, 2.0, gaussian=True), torch.from_numpy(expected))


@pytest.mark.parametrize('gaussian', [False, True])
def test_chunks_do_not_change_the_density(gaussian):
    features = torch.randn(101, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    whole = densities(features, 3.5, gaussian)
    torch.testing.assert_close(densities(features, 3.5, gaussian, max_elements=101 * 7), whole)
    torch.testing.assert_close(densities(features, 3.5, gaussian, max_elements=1), whole)


def test_sampled_cutoff_is_close_and_repeatable():
    features = torch.randn(600, 5, generator=torch.Generator().manual_seed(0))
    exact = cutoff_distance(features)
    sampled = cutoff_distance(features, max_pairs=40000)
    assert sampled != exact and abs(sampled - exact) < 0.02 * exact
    assert cutoff_distance(features, max_pairs=40000) == sampled
    share = (torch.pdist(features) < sampled).double().mean().item()
    assert abs(share - 0.6) < 0.01


def test_principal_components_keep_what_sklearn_keeps():
    features = torch.randn(40, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    reduced = reduce_features(features, 5)
    expected = PCA(5, svd_solver='full').fit_transform(features.numpy())
    np.testing.assert_allclose(reduced.abs().numpy(), np.abs(expected), atol=1e-9)
    assert reduce_features(features, 12) is features
    # Fewer samples than channels: distances are kept.
    few = features[:4]
    np.testing.assert_allclose(pdist(reduce_features(few, 5).numpy()), pdist(few.numpy()), rtol=1e-9)


@pytest.mark.parametrize('clustering', ['KMeans', 'GaussianMixture', 'AgglomerativeClustering'])
def test_groups_are_ordered_from_high_to_low(clustering):
    values = torch.tensor([0.1, 0.9, 0.5, 0.11, 0.92, 0.51, 0.12, 0.91])
    assert group_by_value(values, 3, clustering).tolist() == [2, 0, 1, 2, 0, 1, 2, 0]


def test_groups_match_sklearn_on_densities():
    features, shell = rings()
    _, density = reference_density(features.numpy(), 0.6)
    clusters = KMeans(3, n_init=10, random_state=0).fit(density[:, None])
    order = np.argsort(-clusters.cluster_centers_[:, 0])
    expected = np.argsort(order)[clusters.labels_]
    values, groups, ungrouped = group_classes(features, torch.zeros(len(features), dtype=torch.int64))
    assert groups.tolist() == expected.tolist() and ungrouped == []
    np.testing.assert_allclose(values.numpy(), density, rtol=1e-6)


@pytest.mark.parametrize('measure', ['density', 'gaussian', 'closeness'])
def test_the_core_is_easy_and_the_outer_shell_hard(measure):
    features, shell = rings(sizes=(60, 20, 12))
    _, groups, _ = group_classes(features, torch.zeros(len(features), dtype=torch.int64), measure=measure)
    assert (groups[shell == 0] == 0).all()
    assert (groups[shell == 2] > 0).all()


def test_closeness_is_highest_at_the_mean():
    features = torch.tensor([[0.0], [1.0], [-1.0], [4.0], [-4.0]])
    expected = torch.exp(-((features[:, 0].double() / 2.0) ** 2))
    torch.testing.assert_close(closeness(features), expected)


def test_classes_are_grouped_by_themselves():
    first, shell = rings()
    second = first * 100 + 1000
    labels = torch.tensor([5, 2]).repeat_interleave(len(first))
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    values, groups, _ = group_classes(torch.cat([first, second])[order], labels[order])
    alone = group_classes(first, torch.zeros(len(first), dtype=torch.int64))[1]
    restored = torch.empty_like(groups)
    restored[order] = groups
    assert restored.tolist() == alone.tolist() * 2


def test_small_and_constant_classes_count_as_easy():
    features, _ = rings()
    few = torch.randn(2, 4, dtype=torch.float64)
    same = torch.ones(9, 4, dtype=torch.float64)
    labels = torch.tensor([0] * len(features) + [1] * 2 + [3] * 9)
    values, groups, ungrouped = group_classes(torch.cat([features, few, same]), labels)
    assert ungrouped == [1, 3]
    assert (groups[labels != 0] == 0).all() and values[labels != 0].isnan().all()
    assert not values[labels == 0].isnan().any() and groups[labels == 0].max() == 2
