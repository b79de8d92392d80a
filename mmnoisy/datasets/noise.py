"""Label noise models as pure functions.

Models that depend on the label alone are a transition matrix ``T`` (K, K), ``T[i, j] = P(noisy = j | clean = i)``;
:func:`corrupt` draws from any of them. :func:`instance_dependent` also looks at the image. Nothing here touches a
global random state.
"""

from typing import Dict, Mapping, Optional, Union

import numpy as np

#: Class maps published for asymmetric noise: ``{class: class it is mistaken for}``; other classes stay.
ASYMMETRIC_MAPS: Dict[str, Dict[int, int]] = {
    # Patrini et al. 2017 and SCE: 7->1, 2->7, 3->8, 5<->6
    'mnist': {7: 1, 2: 7, 3: 8, 5: 6, 6: 5},
    # GCE (Zhang & Sabuncu 2018): boot->sneaker, sneaker->sandal, pullover->shirt, coat<->dress
    'fashion_mnist': {9: 7, 7: 5, 2: 6, 4: 3, 3: 4},
    # The map in CDR's code for the same data set: T-shirt->shirt, pullover->coat, sandal<->sneaker
    'fashion_mnist_cdr': {0: 6, 2: 4, 5: 7, 7: 5},
    # Patrini et al. 2017, DivideMix: truck->automobile, bird->airplane, cat<->dog, deer->horse
    'cifar10': {9: 1, 2: 0, 3: 5, 5: 3, 4: 7},
}

#: Superclass of each of CIFAR-100's fine classes (alphabetical order), as in the data set's own coarse labels.
CIFAR100_SUPERCLASS = (4, 1, 14, 8, 0, 6, 7, 7, 18, 3, 3, 14, 9, 18, 7, 11, 3, 9, 7, 11, 6, 11, 5, 10, 7, 6, 13, 15, 3,
                       15, 0, 11, 1, 10, 12, 14, 16, 9, 11, 5, 5, 19, 8, 8, 15, 13, 14, 17, 18, 10, 16, 4, 17, 4, 2, 0,
                       17, 4, 18, 17, 10, 3, 2, 12, 12, 16, 12, 1, 9, 19, 2, 10, 0, 1, 16, 12, 9, 13, 15, 13, 16, 19, 2,
                       4, 6, 19, 5, 5, 8, 19, 18, 1, 2, 15, 6, 0, 17, 8, 14, 13)


def _cifar100_map() -> Dict[int, int]:
    """Circular i -> i+1 inside each superclass (Patrini et al. 2017)."""
    mapping = {}
    for group in range(20):
        members = [c for c, superclass in enumerate(CIFAR100_SUPERCLASS) if superclass == group]
        mapping.update(zip(members, members[1:] + members[:1]))
    return mapping


ASYMMETRIC_MAPS['cifar100'] = _cifar100_map()


def check_rate(rate: float) -> float:
    """``rate`` as a float.

    Raises:
        ValueError: Not a number in [0, 1].
    """
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
        raise ValueError(f'noise: rate must be a number in [0, 1], not {rate!r}.')
    return float(rate)


def symmetric_matrix(num_classes: int, rate: float, inclusive: bool = False) -> np.ndarray:
    """T of symmetric noise.

    Args:
        num_classes (int): K >= 2.
        rate (float): In [0, 1].
        inclusive (bool): False: a flipped label is always another class, each with ``rate / (K-1)``. True (DivideMix,
            ELR): it is drawn from all K classes, so the effective rate is ``rate * (1 - 1/K)``. Defaults to False.

    Returns:
        np.ndarray: (K, K).
    """
    rate = check_rate(rate)
    if inclusive:
        return (1 - rate) * np.eye(num_classes) + rate / num_classes
    off = rate / max(1, num_classes - 1)
    return (1 - rate - off) * np.eye(num_classes) + off


def pairflip_matrix(num_classes: int, rate: float) -> np.ndarray:
    """T of pair flipping: class i becomes i+1 mod K with probability ``rate`` (Co-teaching's "pair")."""
    rate = check_rate(rate)
    return (1 - rate) * np.eye(num_classes) + rate * np.roll(np.eye(num_classes), 1, axis=1)


def asymmetric_matrix(num_classes: int, rate: float, mapping: Union[str, Mapping[int, int]]) -> np.ndarray:
    """T of class-dependent noise: each mapped class becomes its partner with probability ``rate``.

    Args:
        num_classes (int): K.
        rate (float): In [0, 1].
        mapping (str | dict[int, int]): A name in :data:`ASYMMETRIC_MAPS`, or ``{class: class it is mistaken for}``.

    Returns:
        np.ndarray: (K, K).

    Raises:
        ValueError: Unknown name, or a class outside 0..K-1.
    """
    rate = check_rate(rate)
    if isinstance(mapping, str):
        if mapping not in ASYMMETRIC_MAPS:
            raise ValueError(f'asymmetric noise: unknown mapping {mapping!r}. Known: {", ".join(sorted(ASYMMETRIC_MAPS))}; '
                             'or give a dict {class: class it is mistaken for}.')
        mapping = ASYMMETRIC_MAPS[mapping]
    matrix = np.eye(num_classes)
    for source, target in mapping.items():
        # Keys read from a json or yaml file are strings.
        source, target = int(source), int(target)
        for name in (source, target):
            if not 0 <= name < num_classes:
                raise ValueError(f'asymmetric noise: the mapping {source} -> {target} names class {name}, but the data '
                                 f'set has the classes 0..{num_classes - 1}.')
        if source != target:
            matrix[source, source] = 1 - rate
            matrix[source, target] = rate
    return matrix


def check_matrix(matrix, num_classes: int) -> np.ndarray:
    """A user's T as (K, K) float64.

    Raises:
        ValueError: Wrong shape, an entry outside [0, 1], or a row that does not sum to 1.
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    if matrix.shape != (num_classes, num_classes):
        raise ValueError(f'noise: the transition matrix has shape {matrix.shape}, but the data set has {num_classes} '
                         f'classes: it must be ({num_classes}, {num_classes}).')
    if (matrix < 0).any() or (matrix > 1).any():
        raise ValueError('noise: the transition matrix has entries outside [0, 1].')
    rows = np.flatnonzero(np.abs(matrix.sum(1) - 1) > 1e-6)
    if len(rows):
        raise ValueError(f'noise: row {rows[0]} of the transition matrix sums to {matrix[rows[0]].sum():g}, not to 1.')
    return matrix


def _exact_counts(expected: np.ndarray, total: int, rng: np.random.Generator) -> np.ndarray:
    """Round ``expected`` (non-negative, sums to ``total``) to integers that sum to ``total``.

    Largest remainders go up; ties are broken at random so that no class is favoured by its number.
    """
    # 1e-9: 0.2 * 5 must be 1, not 0.9999999999999999
    counts = np.floor(expected + 1e-9).astype(np.int64)
    remainder = np.round(expected - counts, 9)
    order = np.lexsort((rng.random(len(expected)), -remainder))
    counts[order[:total - counts.sum()]] += 1
    return counts


def corrupt(labels: np.ndarray, matrix: np.ndarray, rng: np.random.Generator, exact: bool = True) -> np.ndarray:
    """Draw noisy labels from a transition matrix.

    Args:
        labels (np.ndarray): Clean labels, (N,), integers in 0..K-1.
        matrix (np.ndarray): T, (K, K).
        rng (np.random.Generator): Source of all randomness.
        exact (bool): True: the number of samples that go from class i to class j is ``n_i * T[i, j]`` up to rounding,
            and the total number of flips ``sum_i n_i (1 - T[i, i])`` is met to one sample. False: each label is drawn
            on its own (Bernoulli). Defaults to True.

    Returns:
        np.ndarray: Noisy labels, (N,), int64.
    """
    labels = np.asarray(labels, dtype=np.int64)
    num_classes = len(matrix)
    noisy = labels.copy()
    sizes = np.bincount(labels, minlength=num_classes)
    if exact:
        expected = sizes * (1 - matrix.diagonal())
        flips = _exact_counts(expected, int(round(expected.sum())), rng)
    order = np.argsort(labels, kind='stable')
    for label, rows in enumerate(np.split(order, np.cumsum(sizes)[:-1])):
        if matrix[label, label] == 1 or not len(rows):
            continue
        if not exact:
            noisy[rows] = rng.choice(num_classes, size=len(rows), p=matrix[label])
            continue
        others = matrix[label].copy()
        others[label] = 0
        counts = _exact_counts(others / others.sum() * flips[label], flips[label], rng)
        chosen = rng.permutation(rows)[:flips[label]]
        noisy[chosen] = np.repeat(np.arange(num_classes), counts)
    return noisy


def instance_dependent(labels: np.ndarray,
                       num_classes: int,
                       rate: float,
                       features: np.ndarray,
                       rng: np.random.Generator,
                       std: float = 0.1) -> np.ndarray:
    """Instance-dependent noise, algorithm 2 of `Part-dependent Label Noise <https://arxiv.org/abs/2006.07836>`_.

    Each sample has its own flip rate, drawn from a normal distribution truncated to [0, 1]; which class it becomes
    depends on its features through one random Gaussian matrix per clean class.

    Args:
        labels (np.ndarray): Clean labels, (N,).
        num_classes (int): K.
        rate (float): Mean flip rate, in [0, 1].
        features (np.ndarray): (N, S), usually the flattened image scaled to mean 0 and standard deviation 1.
        rng (np.random.Generator): Source of all randomness.
        std (float): Standard deviation of the flip rates. Defaults to 0.1.

    Returns:
        np.ndarray: Noisy labels, (N,), int64.
    """
    from scipy.stats import truncnorm
    rate = check_rate(rate)
    labels = np.asarray(labels, dtype=np.int64)
    if rate == 0:
        return labels.copy()
    flip_rate = truncnorm.rvs((0 - rate) / std, (1 - rate) / std, loc=rate, scale=std, size=len(labels), random_state=rng)
    noisy = labels.copy()
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        projection = rng.standard_normal((features.shape[1], num_classes)).astype(np.float32)
        logits = features[rows].astype(np.float32) @ projection
        logits[:, label] = -np.inf
        logits -= logits.max(1, keepdims=True)
        probability = np.exp(logits, dtype=np.float64)
        probability *= (flip_rate[rows] / probability.sum(1))[:, None]
        probability[:, label] = 1 - flip_rate[rows]
        # One uniform number a row against the cumulated probabilities is a multinomial draw.
        draw = rng.random((len(rows), 1)) * probability.sum(1, keepdims=True)
        noisy[rows] = (probability.cumsum(1) < draw).sum(1).clip(max=num_classes - 1)
    return noisy


def transition_matrix(clean: np.ndarray, noisy: np.ndarray, num_classes: int) -> np.ndarray:
    """Realised T: share of each clean class that carries each noisy label.

    Args:
        clean (np.ndarray): (N,).
        noisy (np.ndarray): (N,).
        num_classes (int): K.

    Returns:
        np.ndarray: (K, K); rows of classes without samples are those of the identity.
    """
    counts = np.bincount(np.asarray(clean) * num_classes + np.asarray(noisy), minlength=num_classes**2)
    counts = counts.reshape(num_classes, num_classes).astype(np.float64)
    sizes = counts.sum(1, keepdims=True)
    return np.where(sizes > 0, counts / np.maximum(sizes, 1), np.eye(num_classes))


def _label_matrix(kind: str, num_classes: int, options: dict) -> Optional[np.ndarray]:
    """T of a label-dependent kind, consuming its options."""
    if kind == 'symmetric':
        return symmetric_matrix(num_classes, options.pop('rate'), options.pop('inclusive', False))
    if kind == 'pairflip':
        return pairflip_matrix(num_classes, options.pop('rate'))
    if 'matrix' in options:
        if 'rate' in options or 'mapping' in options:
            raise ValueError("asymmetric noise: give either 'matrix', or 'rate' and 'mapping', not both.")
        return check_matrix(options.pop('matrix'), num_classes)
    return asymmetric_matrix(num_classes, options.pop('rate'), options.pop('mapping'))


LABEL_KINDS = ('symmetric', 'pairflip', 'asymmetric')
KINDS = LABEL_KINDS + ('instance', 'label_file')


def add_noise(labels: np.ndarray, num_classes: int, rng: np.random.Generator, kind: str, features=None,
              **options) -> np.ndarray:
    """Noisy labels from a noise config, ``label_file`` excepted (see :mod:`mmnoisy.datasets.label_file`).

    Args:
        labels (np.ndarray): Clean labels, (N,).
        num_classes (int): K.
        rng (np.random.Generator): Source of all randomness.
        kind (str): One of :data:`KINDS`.
        features (callable, optional): Returns (N, S) features; called for ``instance`` only.
        **options: ``rate``; ``inclusive`` (symmetric); ``mapping`` or ``matrix`` (asymmetric); ``std`` (instance);
            ``exact`` (all but instance, default True).

    Returns:
        np.ndarray: Noisy labels, (N,), int64.

    Raises:
        ValueError: Unknown kind, missing or unknown option, or a bad value.
    """
    if kind not in KINDS:
        raise ValueError(f'noise: unknown kind {kind!r}. Known kinds: {", ".join(KINDS)}.')
    options = dict(options)
    try:
        if kind == 'instance':
            settings = dict(rate=options.pop('rate'), std=options.pop('std', 0.1))
        else:
            settings = dict(exact=options.pop('exact', True), matrix=_label_matrix(kind, num_classes, options))
    except KeyError as error:
        raise ValueError(f'noise: kind {kind!r} needs the option {error.args[0]!r}.') from None
    if options:
        raise ValueError(f'noise: kind {kind!r} has no option {", ".join(map(repr, sorted(options)))}.')
    if kind == 'instance':
        return instance_dependent(labels, num_classes, features=features(), rng=rng, **settings)
    return corrupt(labels, rng=rng, **settings)
