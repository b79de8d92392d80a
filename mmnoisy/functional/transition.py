"""Transition matrices ``T`` (K, K), ``T[i, j] = P(noisy = j | clean = i)``."""

from numbers import Real
from typing import List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from ..part_options import nearest
from .class_maps import ASYMMETRIC_MAPS, class_number


def check_rate(rate: float) -> float:
    """``rate`` as a float.

    Raises:
        ValueError: Not a number in [0, 1].
    """
    if isinstance(rate, bool) or not isinstance(rate, Real) or not 0 <= rate <= 1:
        raise ValueError(f'noise: rate must be a number in [0, 1], not {rate!r}.')
    return float(rate)


def check_flag(name: str, value: bool) -> bool:
    """``value``, which must be True or False: the text 'False' counts as true everywhere.

    Raises:
        ValueError: Something else.
    """
    if not isinstance(value, bool):
        raise ValueError(f'noise: {name} must be True or False, not {value!r}.')
    return value


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
    if check_flag('inclusive', inclusive):
        return (1 - rate) * np.eye(num_classes) + rate / num_classes
    off = rate / (num_classes - 1)
    return (1 - rate - off) * np.eye(num_classes) + off


def pairflip_matrix(num_classes: int, rate: float) -> np.ndarray:
    """T of pair flipping: class i becomes i+1 mod K with probability ``rate`` (Co-teaching's "pair")."""
    rate = check_rate(rate)
    return (1 - rate) * np.eye(num_classes) + rate * np.roll(np.eye(num_classes), 1, axis=1)


def asymmetric_matrix(
    num_classes: int, rate: float, mapping: Union[str, Mapping], classes: Optional[Sequence[str]] = None
) -> np.ndarray:
    """T of class-dependent noise: each mapped class becomes its partner with probability ``rate``.

    Args:
        num_classes (int): K.
        rate (float): In [0, 1].
        mapping (str | dict): A name in :data:`ASYMMETRIC_MAPS`, or ``{class: class it is mistaken for}`` by number or
            name.
        classes (Sequence[str], optional): Names of the classes.

    Returns:
        np.ndarray: (K, K).

    Raises:
        ValueError: Unknown name of a mapping, or a class that is not there.
    """
    rate = check_rate(rate)
    if isinstance(mapping, str):
        if mapping not in ASYMMETRIC_MAPS:
            raise ValueError(
                f'asymmetric noise: unknown mapping {mapping!r}. Known: '
                f'{", ".join(sorted(ASYMMETRIC_MAPS))}; or give a dict '
                '{class: class it is mistaken for}.'
            )
        mapping = ASYMMETRIC_MAPS[mapping]
    if not isinstance(mapping, Mapping):
        raise ValueError(f'asymmetric noise: mapping must be a name or a dict, not {mapping!r}.')
    matrix = np.eye(num_classes)
    for pair in mapping.items():
        try:
            source, target = (class_number(name, num_classes, classes) for name in pair)
        except ValueError as error:
            raise ValueError(f'asymmetric noise: the mapping {pair[0]!r} -> {pair[1]!r} {error}') from None
        if source != target:
            matrix[source, source] = 1 - rate
            matrix[source, target] = rate
    return matrix


def check_matrix(matrix, num_classes: int) -> np.ndarray:
    """A user's T as (K, K) float64 whose rows sum to exactly 1.

    Raises:
        ValueError: Not numbers, wrong shape, an entry outside [0, 1], or a row that does not sum to 1 (within 1e-6).
    """
    try:
        matrix = np.array(matrix, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f'noise: the transition matrix must be {num_classes} rows of {num_classes} numbers: {error}.'
        ) from None
    if matrix.shape != (num_classes, num_classes):
        raise ValueError(
            f'noise: the transition matrix has shape {matrix.shape}, but the data set has {num_classes} '
            f'classes: it must be ({num_classes}, {num_classes}).'
        )
    # Written so that NaN fails.
    if not ((matrix >= 0) & (matrix <= 1)).all():
        raise ValueError('noise: the transition matrix has entries outside [0, 1].')
    sums = matrix.sum(1)
    rows = np.flatnonzero(np.abs(sums - 1) > 1e-6)
    if len(rows):
        raise ValueError(f'noise: row {rows[0]} of the transition matrix sums to {sums[rows[0]]:g}, not to 1.')
    return matrix / sums[:, None]


#: Kinds of noise that are a transition matrix.
MATRIX_KINDS = ('symmetric', 'pairflip', 'asymmetric')


#: The options that each of them needs, and those that it may have.
_OPTIONS: dict = dict(
    symmetric=(('rate',), ('inclusive',)), pairflip=(('rate',), ()), asymmetric=(('rate', 'mapping'), ())
)


def options_of(kind: str, given: Mapping) -> Tuple[Sequence[str], Sequence[str]]:
    """The options that a kind of :data:`MATRIX_KINDS` needs, and those that it may have; an asymmetric matrix replaces both."""
    return (('matrix',), ()) if kind == 'asymmetric' and 'matrix' in given else _OPTIONS[kind]


def unknown_kind(kind, known: Sequence[str]) -> str:
    """What is to be said of a kind of noise that there is not."""
    return f'unknown kind {kind!r}{nearest(str(kind), list(known))}. Known kinds: {", ".join(known)}.'


def option_problems(kind: str, options: Mapping, needed: Sequence[str], allowed: Sequence[str] = ()) -> List[str]:
    """What is wrong with the names of the options of a kind of noise: unknown ones with the nearest name, missing ones."""
    known = [*needed, *allowed]
    problems = [
        f'kind {kind!r} has no option {name!r}{nearest(name, known)}. It has {", ".join(known)}.'
        for name in sorted(set(options) - set(known))
    ]
    return problems + [f'kind {kind!r} needs the option {name!r}.' for name in needed if name not in options]


def read_options(kind: str, options: Mapping, needed: Sequence[str], allowed: Sequence[str] = ()) -> dict:
    """The options of a kind of noise.

    Raises:
        ValueError: One of ``needed`` is missing, or there is one that is in neither list.
    """
    problems = option_problems(kind, options, needed, allowed)
    if problems:
        raise ValueError(f'noise: {" ".join(problems)}')
    return dict(options)


def matrix_of_kind(kind: str, num_classes: int, classes: Optional[Sequence[str]] = None, **options) -> np.ndarray:
    """T of a noise config.

    Args:
        kind (str): One of :data:`MATRIX_KINDS`.
        num_classes (int): K.
        classes (Sequence[str], optional): Names of the classes, for ``mapping``.
        **options: ``rate``; ``inclusive`` (symmetric); ``mapping``, or ``matrix`` in place of both (asymmetric).

    Returns:
        np.ndarray: (K, K).

    Raises:
        ValueError: Unknown kind, missing or unknown option, or a bad value.
    """
    if kind not in MATRIX_KINDS:
        raise ValueError(f'noise: {unknown_kind(kind, MATRIX_KINDS)}')
    if kind == 'asymmetric' and 'matrix' in options and ('rate' in options or 'mapping' in options):
        raise ValueError("asymmetric noise: give either 'matrix', or 'rate' and 'mapping', not both.")
    found = read_options(kind, options, *options_of(kind, options))
    if kind == 'symmetric':
        return symmetric_matrix(num_classes, **found)
    if kind == 'pairflip':
        return pairflip_matrix(num_classes, **found)
    if 'matrix' in found:
        return check_matrix(found['matrix'], num_classes)
    return asymmetric_matrix(num_classes, **found, classes=classes)


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
