import numpy as np
import pytest
from scipy.stats import chi2

from mmnoisy.functional.noise import add_noise, corrupt, instance_dependent
from mmnoisy.functional.transition import asymmetric_matrix, pairflip_matrix, symmetric_matrix, transition_matrix

K = 10
CONFIGS = [
    (dict(kind='symmetric', rate=0.4), symmetric_matrix(K, 0.4), 0.4),
    (dict(kind='symmetric', rate=0.4, inclusive=True), symmetric_matrix(K, 0.4, True), 0.36),
    (dict(kind='pairflip', rate=0.45), pairflip_matrix(K, 0.45), 0.45),
    (dict(kind='asymmetric', rate=0.4, mapping='cifar10'), asymmetric_matrix(K, 0.4, 'cifar10'), 0.2),
    (dict(kind='asymmetric', matrix=symmetric_matrix(K, 0.7)), symmetric_matrix(K, 0.7), 0.7),
]


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize('config, matrix, rate', CONFIGS)
def test_exact_counts(config, matrix, rate):
    labels = rng(1).permutation(np.repeat(np.arange(K), 900))
    noisy = add_noise(labels, K, rng(), **config)
    assert (noisy != labels).sum() == round(rate * len(labels))
    # Each cell is met to one sample.
    np.testing.assert_allclose(transition_matrix(labels, noisy, K), matrix, atol=1 / 900 + 1e-9)


@pytest.mark.parametrize('config, matrix, rate', CONFIGS)
def test_bernoulli_draws(config, matrix, rate):
    labels = rng(1).integers(K, size=20000)
    noisy = add_noise(labels, K, rng(), exact=False, **config)
    counts = transition_matrix(labels, noisy, K) * np.bincount(labels, minlength=K)[:, None]
    expected = matrix * np.bincount(labels, minlength=K)[:, None]
    assert (counts[expected == 0] == 0).all()
    cells = expected > 0
    statistic = ((counts - expected)[cells] ** 2 / expected[cells]).sum()
    freedom = cells.sum() - K
    assert chi2.ppf(1e-4, freedom) < statistic < chi2.ppf(1 - 1e-4, freedom)  # also not too good: it is random
    assert (noisy != labels).sum() != round(rate * len(labels))


def test_exact_total_is_met_to_one_sample_with_few_samples_a_class():
    labels = np.repeat(np.arange(100), 3)  # 1.2 flips a class
    noisy = corrupt(labels, symmetric_matrix(100, 0.4), rng())
    assert (noisy != labels).sum() == 120
    assert set((noisy != labels).reshape(100, 3).sum(1)) == {1, 2}


def test_exact_targets_favour_no_class():
    """One flip a class: the target is random, not the lowest number."""
    targets = [corrupt(np.zeros(2, int), symmetric_matrix(5, 0.5), rng(seed)).max() for seed in range(400)]
    counts = np.bincount(targets, minlength=5)
    assert counts[0] == 0 and (counts[1:] > 60).all()


@pytest.mark.parametrize('exact', [True, False])
@pytest.mark.parametrize('num_classes', [2, 7])
def test_extreme_rates(exact, num_classes):
    labels = rng(1).integers(num_classes, size=500)
    matrix = symmetric_matrix(num_classes, 0)
    np.testing.assert_array_equal(corrupt(labels, matrix, rng(), exact), labels)
    noisy = corrupt(labels, symmetric_matrix(num_classes, 1), rng(), exact)
    assert (noisy != labels).all() and set(noisy) <= set(range(num_classes))


def test_two_classes_and_classes_without_samples():
    labels = np.array([0] * 10 + [3] * 10)
    noisy = add_noise(labels, 4, rng(), kind='pairflip', rate=0.5)
    assert sorted(noisy) == [0] * 10 + [1] * 5 + [3] * 5
    noisy = add_noise(np.array([0, 1] * 10), 2, rng(), kind='symmetric', rate=0.3)
    assert (noisy != [0, 1] * 10).sum() == 6


def test_labels_are_not_changed_in_place():
    labels = np.zeros(10, int)
    for config in (dict(kind='symmetric', rate=1), dict(kind='instance', rate=0.5)):
        add_noise(labels, 3, rng(), features=lambda: np.ones((10, 2)), **config)
        assert (labels == 0).all()


def reference_instance_noise(labels, num_classes, rate, features, seed, std=0.1):
    """Xia et al. 2020, algorithm 2, sample by sample; rejection for the truncated normal."""
    random = np.random.RandomState(seed)
    weights = random.normal(size=(num_classes, features.shape[1], num_classes))
    noisy = []
    for x, y in zip(features, labels):
        q = -1
        while not 0 <= q <= 1:
            q = random.normal(rate, std)
        score = x @ weights[y]
        score[y] = -np.inf
        p = np.exp(score - score.max())
        p = q * p / p.sum()
        p[y] = 1 - q
        noisy.append(random.choice(num_classes, p=p))
    return np.array(noisy)


def dependence(noisy, labels, features):
    """How far the class that a sample becomes depends on its first feature."""
    flipped = noisy != labels
    means = [features[flipped & (noisy == k) & (labels == y), 0].mean() for y in range(3) for k in range(3) if k != y]
    return np.abs(means).mean()


def test_instance_noise_is_distributed_as_the_papers_algorithm():
    labels = np.repeat(np.arange(3), 700)
    features = rng(5).standard_normal((len(labels), 4))
    ours, theirs = [], []
    for seed in range(12):
        ours.append(instance_dependent(labels, 3, 0.3, features, rng(seed)))
        theirs.append(reference_instance_noise(labels, 3, 0.3, features, seed))
    for noisy in ours:
        assert abs((noisy != labels).mean() - 0.3) < 0.04  # 4 standard errors
    # Which class wins depends on the random projection: compare over projections.
    mean, reference = ([dependence(n, labels, features) for n in runs] for runs in (ours, theirs))
    assert abs(np.mean(mean) - np.mean(reference)) < 4 * np.sqrt((np.var(mean) + np.var(reference)) / 12)
    spread, other = ([transition_matrix(labels, n, 3)[0, 1:].max() for n in runs] for runs in (ours, theirs))
    assert abs(np.mean(spread) - np.mean(other)) < 4 * np.sqrt((np.var(spread) + np.var(other)) / 12)
    other_images = rng(6).permutation(features)
    independent = [dependence(noisy, labels, other_images) for noisy in ours]
    assert np.mean(mean) > 2 * np.mean(independent)


def test_instance_noise_at_the_edges():
    labels = np.repeat([0, 2], 4000)
    features = rng(1).standard_normal((8000, 3)).astype(np.float32)
    np.testing.assert_array_equal(instance_dependent(labels, 4, 0, features, rng()), labels)
    rates = {rate: (instance_dependent(labels, 4, rate, features, rng()) != labels).mean() for rate in (0.05, 1.0)}
    assert rates[0.05] == pytest.approx(0.101, abs=0.015) and rates[1.0] == pytest.approx(0.92, abs=0.015)
    two = instance_dependent(labels // 2, 2, 0.5, features, rng())
    assert set(two) == {0, 1}


def test_instance_noise_in_chunks_is_the_same(monkeypatch):
    labels = rng(1).integers(5, size=300)
    features = rng(2).standard_normal((300, 6))
    whole = instance_dependent(labels, 5, 0.5, features, rng())
    monkeypatch.setattr('mmnoisy.functional.noise._CHUNK', 16)
    np.testing.assert_array_equal(instance_dependent(labels, 5, 0.5, features, rng()), whole)


@pytest.mark.parametrize(
    'config, message',
    [
        (dict(kind='salt', rate=0.4), "unknown kind 'salt'.*symmetric, pairflip, asymmetric, instance, label_file"),
        (dict(kind=None), 'unknown kind None'),
        (dict(kind='symmetric'), "'symmetric' needs the option 'rate'"),
        (dict(kind='instance'), "'instance' needs the option 'rate'"),
        (dict(kind='asymmetric', rate=0.4), "needs the option 'mapping'"),
        (dict(kind='asymmetric', rate=0.4, matrix=np.eye(3)), "either 'matrix', or 'rate' and 'mapping'"),
        (
            dict(kind='symmetric', rate=0.4, mapping='mnist', foo=1),
            "no option 'foo'. It has rate, inclusive, exact. .* no option 'mapping'",
        ),
        (dict(kind='pairflip', rate=0.4, inclusive=True), "no option 'inclusive'"),
        (dict(kind='instance', rate=0.4, exact=True), "no option 'exact'"),
        (dict(kind='instance', rate=0.4, std=0), 'std must be a positive number'),
        (dict(kind='instance', rate=1.4), r'rate must be a number in \[0, 1\]'),
        (dict(kind='symmetric', rate=float('nan')), r'rate must be a number in \[0, 1\]'),
    ],
)
def test_bad_configs(config, message):
    with pytest.raises(ValueError, match=message):
        add_noise(np.arange(3), 3, rng(), features=lambda: np.ones((3, 2)), **config)


def test_one_class_is_refused():
    with pytest.raises(ValueError, match='at least 2 classes'):
        add_noise(np.zeros(3, int), 1, rng(), kind='symmetric', rate=0.5)
