"""Label noise models as pure functions.

Models that depend on the label alone are a transition matrix (:mod:`mmnoisy.functional.transition`); :func:`corrupt`
draws from any of them. :func:`instance_dependent` also looks at the image. Nothing here touches a global random state.
"""

from numbers import Real
from typing import Callable, List, Mapping, Optional, Sequence

import numpy as np

from .transition import (
    MATRIX_KINDS,
    check_flag,
    check_rate,
    matrix_of_kind,
    option_problems,
    options_of,
    read_options,
    unknown_kind,
)

#: Largest number of probabilities that are held at once (instance noise).
_CHUNK = 2**23


def _exact_counts(expected: np.ndarray, total: int, rng: np.random.Generator) -> np.ndarray:
    """Round ``expected`` (non-negative, sums to ``total``) to integers that sum to ``total``.

    Largest remainders go up; ties are broken at random so that no class is favoured by its number.
    """
    # 1e-9: 0.2 * 5 must be 1, not 0.9999999999999999
    counts = np.floor(expected + 1e-9).astype(np.int64)
    remainder = np.round(expected - counts, 9)
    order = np.lexsort((rng.random(len(expected)), -remainder))
    counts[order[: total - counts.sum()]] += 1
    return counts


def _rows_by_class(labels: np.ndarray, num_classes: int) -> List[np.ndarray]:
    """Rows of each class, ascending."""
    sizes = np.bincount(labels, minlength=num_classes)
    return np.split(np.argsort(labels, kind='stable'), np.cumsum(sizes)[:-1])


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
    for label, rows in enumerate(_rows_by_class(labels, num_classes)):
        if matrix[label, label] == 1 or not len(rows):
            continue
        if not exact:
            noisy[rows] = rng.choice(num_classes, size=len(rows), p=matrix[label])
            continue
        others = matrix[label].copy()
        others[label] = 0
        counts = _exact_counts(others / others.sum() * flips[label], flips[label], rng)
        chosen = rng.permutation(rows)[: flips[label]]
        noisy[chosen] = np.repeat(np.arange(num_classes), counts)
    return noisy


def instance_dependent(
    labels: np.ndarray, num_classes: int, rate: float, features: np.ndarray, rng: np.random.Generator, std: float = 0.1
) -> np.ndarray:
    """Instance-dependent noise, algorithm 2 of `Part-dependent Label Noise <https://arxiv.org/abs/2006.07836>`_.

    Each sample has its own flip rate, drawn from a normal distribution truncated to [0, 1]; which class it becomes
    depends on its features through one random Gaussian matrix per clean class.

    Args:
        labels (np.ndarray): Clean labels, (N,).
        num_classes (int): K >= 2.
        rate (float): Mean of the normal distribution, in [0, 1]. Truncation moves the mean of rates within about
            ``2 * std`` of 0 or 1 inwards (0.05 gives 0.10, 1 gives 0.92); 0 means no noise.
        features (np.ndarray): (N, S), the flattened image, see :func:`mmnoisy.datasets.source.image_features`.
        rng (np.random.Generator): Source of all randomness.
        std (float): Standard deviation of the flip rates, > 0. Defaults to 0.1.

    Returns:
        np.ndarray: Noisy labels, (N,), int64.

    Raises:
        ValueError: Bad rate or std.
    """
    from scipy.stats import truncnorm

    rate = check_rate(rate)
    if not isinstance(std, Real) or not 0 < std < np.inf:
        raise ValueError(f'instance noise: std must be a positive number, not {std!r}.')
    labels = np.array(labels, dtype=np.int64)
    if rate == 0:
        return labels
    flip_rate = truncnorm.rvs(-rate / std, (1 - rate) / std, loc=rate, scale=std, size=len(labels), random_state=rng)
    # Whether a label flips does not depend on the class it becomes, so only flipped rows need a softmax.
    flipped = rng.random(len(labels)) < flip_rate
    noisy = labels.copy()
    for label, members in enumerate(_rows_by_class(labels, num_classes)):
        rows = members[flipped[members]]
        projection = rng.standard_normal((features.shape[1], num_classes))
        draw = rng.random(len(rows))
        for part in np.array_split(np.arange(len(rows)), 1 + len(rows) * num_classes // _CHUNK):
            # float64: the rounding of float32 differs between processors, and with it now and then a label.
            logits = features[rows[part]].astype(np.float64) @ projection
            logits[:, label] = -np.inf
            cumulated = np.exp(logits - logits.max(1, keepdims=True)).cumsum(1)
            noisy[rows[part]] = (cumulated <= draw[part, None] * cumulated[:, -1:]).sum(1)
    return noisy


#: The options that other kinds need, and those that they may have; of ``image_size`` and ``pixels`` see
#: :func:`mmnoisy.datasets.source.image_features`.
_OTHER_OPTIONS: dict = dict(
    instance=(('rate',), ('std', 'image_size', 'pixels')),
    label_file=(('path',), ('key',)),
)
#: Noise models, ``label_file`` included (see :mod:`mmnoisy.datasets.label_file`).
KINDS = (*MATRIX_KINDS, *_OTHER_OPTIONS)


def noise_problems(noise: Mapping) -> List[str]:
    """What is wrong with a noise config before a label is seen: its kind and the names of its options, with the nearest name."""
    kind = noise.get('kind')
    if kind not in KINDS:
        return [unknown_kind(kind, KINDS)]
    if kind in MATRIX_KINDS:
        needed, allowed = options_of(kind, noise)
        # What a matrix excludes is said where it is read.
        allowed = (*allowed, 'exact', *(('rate', 'mapping') if 'matrix' in needed else ()))
    else:
        needed, allowed = _OTHER_OPTIONS[kind]
    return option_problems(str(kind), {name: value for name, value in noise.items() if name != 'kind'}, needed, allowed)


def add_noise(
    labels: np.ndarray,
    num_classes: int,
    rng: np.random.Generator,
    kind: str,
    features: Optional[Callable[[], np.ndarray]] = None,
    classes: Optional[Sequence[str]] = None,
    **options,
) -> np.ndarray:
    """Noisy labels from a noise config, ``label_file`` excepted.

    Args:
        labels (np.ndarray): Clean labels, (N,).
        num_classes (int): K >= 2.
        rng (np.random.Generator): Source of all randomness.
        kind (str): One of :data:`KINDS`.
        features (callable, optional): Returns (N, S) features; called for ``instance`` only.
        classes (Sequence[str], optional): Names of the classes, for ``mapping``.
        **options: ``rate``; ``inclusive`` (symmetric); ``mapping`` or ``matrix`` (asymmetric); ``std`` (instance);
            ``exact`` (all but instance, default True).

    Returns:
        np.ndarray: Noisy labels, (N,), int64.

    Raises:
        ValueError: Unknown kind, missing or unknown option, a bad value, or fewer than 2 classes.
    """
    problems = noise_problems(dict(options, kind=kind))
    if problems:
        raise ValueError(f'noise: {" ".join(problems)}')
    if num_classes < 2:
        raise ValueError(f'noise: at least 2 classes are needed, the data set has {num_classes}.')
    if kind == 'instance':
        if features is None:
            raise ValueError("noise: kind 'instance' depends on the samples and needs their features.")
        settings = read_options(kind, options, needed=('rate',), allowed=('std',))
        check_rate(settings['rate'])
        return instance_dependent(labels, num_classes, features=features(), rng=rng, **settings)
    exact = check_flag('exact', options.pop('exact', True))
    return corrupt(labels, matrix_of_kind(kind, num_classes, classes, **options), rng, exact)
