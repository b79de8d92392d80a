"""Wrong labels of arrays of any origin: :func:`find_issues`."""

from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from .consensus import mean_probabilities, reach_consensus
from .judges import Judge, judge_by_probabilities
from .knn import knn_probabilities
from .neighbours import (
    Voters,
    duplicate_of,
    find_neighbours,
    near_duplicates,
    near_threshold,
    outliers,
    standardise,
    voters,
)
from .noise_estimate import TRIPLES, Interval, NoiseEstimate, estimate_noise, estimate_noise_by_neighbours
from .probe import probe_probabilities, stratified_folds

#: Judges that look at features.
FEATURE_JUDGES = ('probe', 'knn')
#: A class with fewer samples is not judged: two in each of five folds.
SMALLEST = 10
#: Samples a class, on average, that a transition matrix by neighbours needs.
ROWS = 50


class Issues(NamedTuple):
    """What was found about N labels; rows are those of the input.

    Args:
        labels (np.ndarray): (N,) given labels as numbers, int64.
        classes (list[str]): K names.
        score (np.ndarray): (N,) in [0, 1], low = suspicious; NaN where not judged.
        is_issue (np.ndarray): (N,) bool.
        suggested (np.ndarray): (N,) int64; -1 where the judges know that it is another class, but not which.
        suggested_score (np.ndarray): (N,) probability of the suggested class.
        judges (list[Judge]): The judges.
        noise (NoiseEstimate): Estimated noise.
        duplicate_of (np.ndarray): (N,) row of the first of a group of near-duplicates, -1 elsewhere.
        near_duplicates (list[tuple]): ``(row, other, similarity)``, most similar first.
        outliers (list[tuple]): ``(row, score)``, farthest first.
        small_classes (list[int]): Classes with too few samples to be judged.
        notes (list[str]): What a user should know, in sentences.
        neighbours (Voters, optional): The neighbours of each sample, where there are features.
        neighbour_noise (NoiseEstimate, optional): Noise by the labels of neighbours, which no judge has a part in (HOC), where
            there are features and :data:`ROWS` samples a class.
    """

    labels: np.ndarray
    classes: List[str]
    score: np.ndarray
    is_issue: np.ndarray
    suggested: np.ndarray
    suggested_score: np.ndarray
    judges: List[Judge]
    noise: NoiseEstimate
    duplicate_of: np.ndarray
    near_duplicates: List[tuple]
    outliers: List[tuple]
    small_classes: List[int]
    notes: List[str]
    neighbours: Optional[Voters] = None
    neighbour_noise: Optional[NoiseEstimate] = None

    def worst_first(self) -> np.ndarray:
        """(N,) rows by their score, those that are not judged last."""
        return np.argsort(np.where(np.isnan(self.score), 2, self.score), kind='stable')


def find_issues(
    labels,
    *,
    pred_probs: Union[np.ndarray, Mapping[str, np.ndarray], None] = None,
    features: Optional[np.ndarray] = None,
    judges: Optional[Sequence[Union[str, Judge]]] = None,
    classes: Optional[Sequence[str]] = None,
    witness: Optional[np.ndarray] = None,
    seed: int = 0,
    folds: int = 5,
    k: int = 20,
) -> Issues:
    """Find wrong labels by the consensus of several judges.

    Args:
        labels (Sequence): (N,) given labels: numbers from 0, or names.
        pred_probs (np.ndarray | dict[str, np.ndarray], optional): (N, K) class probabilities that were made without the
            sample's own label (cross-validation), columns in the order of ``classes``; several of them by name.
        features (np.ndarray, optional): (N, D) features, such as those of a pretrained network. They give the judges
            ``probe`` and ``knn``, near-duplicates and outliers.
        judges (Sequence[str | Judge], optional): Judges by name, of ``'probe'`` and ``'knn'``, or as objects. Defaults to
            both where there are features. ``pred_probs`` always judge.
        classes (Sequence[str], optional): Names in the order of their numbers. Defaults to what ``labels`` say.
        witness (np.ndarray, optional): (N, K) out-of-sample probabilities that do not judge, but show whether suggestions
            would make the labels worse: for judges that see a sample's own label. Defaults to those judges that do not.
        seed (int): Of the folds and the bootstrap. Defaults to 0.
        folds (int): Of the probe. Defaults to 5.
        k (int): Neighbours that vote. Defaults to 20.

    Returns:
        Issues: Scores, flags, suggestions, estimated noise, duplicates, outliers, notes.

    Raises:
        ValueError: Nothing to judge by, arrays that do not fit, values that are not finite, or fewer than two classes
            with :data:`SMALLEST` samples.
        ImportError: cleanlab is not installed.
    """
    labels, classes = encode_labels(labels, classes)
    if features is not None:
        features = _check_features(features, len(labels))
    small, judgeable = small_classes(labels, classes)
    named, objects = _split_judges(judges, features)
    given = [
        judge_by_probabilities(name, labels, _where(judgeable, probabilities))
        for name, probabilities in _named(pred_probs).items()
    ]
    if not named and not given and not objects:
        raise ValueError('find_issues has nothing to judge by: give it features, pred_probs or judges.')
    pairs, near, copies = [], None, np.full(len(labels), -1)
    if features is not None:
        features = standardise(features)
        neighbours = find_neighbours(features, k)
        threshold = near_threshold(neighbours)
        near = voters(neighbours, k, threshold)
        pairs = near_duplicates(neighbours, threshold)
        copies = duplicate_of(pairs, len(labels))
    found = [
        _feature_judge(name, features, labels, judgeable, near, copies, len(classes), folds, seed) for name in named
    ]
    found += [*given, *objects]
    return _combine(labels, classes, judgeable, small, found, near, pairs, copies, witness, seed)


def encode_labels(labels, classes: Optional[Sequence[str]] = None) -> Tuple[np.ndarray, List[str]]:
    """Labels as numbers, (N,) int64, and the names of the classes.

    Raises:
        ValueError: No labels, an unknown name, or a number that is no class; the message has the row.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or not len(labels):
        raise ValueError(f'labels must be a list of N labels, not an array of the shape {labels.shape}.')
    if labels.dtype.kind in 'OUS':
        known = [str(name) for name in (sorted({str(label) for label in labels}) if classes is None else classes)]
        numbers = {name: number for number, name in enumerate(known)}
        encoded = np.array([numbers.get(str(label), -1) for label in labels], dtype=np.int64)
    elif labels.dtype.kind in 'iub':
        encoded = labels.astype(np.int64)
        known = [str(number) for number in range(encoded.max() + 1)] if classes is None else [str(c) for c in classes]
    else:
        raise ValueError(f'labels must be whole numbers from 0 or names, not {labels.dtype}.')
    wrong = np.flatnonzero((encoded < 0) | (encoded >= len(known)))
    if len(wrong):
        raise ValueError(
            f'Row {wrong[0]} has the label {labels[wrong[0]]!r}, which is none of the {len(known)} classes.'
        )
    return encoded, known


def small_classes(labels: np.ndarray, classes: Sequence[str]) -> Tuple[List[int], np.ndarray]:
    """Classes that have samples, but too few to be judged, and (N,) bool: whose label can be judged.

    Raises:
        ValueError: Fewer than two classes can be judged.
    """
    sizes = np.bincount(labels, minlength=len(classes))
    if (sizes >= SMALLEST).sum() < 2:
        raise ValueError(
            f'Labels can be judged only against each other: two classes with at least {SMALLEST} samples are needed, but '
            f'the {len(classes)} classes have {", ".join(map(str, sizes[:20]))}{", ..." if len(sizes) > 20 else ""}.'
        )
    return np.flatnonzero((sizes > 0) & (sizes < SMALLEST)).tolist(), sizes[labels] >= SMALLEST


def _check_features(features, size: int) -> np.ndarray:
    features = np.asarray(features)
    if features.ndim != 2 or len(features) != size:
        raise ValueError(f'features must have the shape ({size}, D), not {features.shape}.')
    broken = np.flatnonzero(~np.isfinite(features).all(1))
    if len(broken):
        raise ValueError(
            f'The features of row {broken[0]} are not finite ({len(broken)} such rows). Leave these rows out.'
        )
    return features


def _split_judges(judges, features) -> Tuple[List[str], List[Judge]]:
    if judges is None:
        return ([], []) if features is None else (list(FEATURE_JUDGES), [])
    named = [judge for judge in judges if isinstance(judge, str)]
    for name in named:
        if name not in FEATURE_JUDGES:
            raise ValueError(f'find_issues has no judge {name!r}; by name there are {" and ".join(FEATURE_JUDGES)}.')
    if named and features is None:
        raise ValueError(f'The judge {named[0]!r} needs features.')
    return named, [judge for judge in judges if not isinstance(judge, str)]


def _named(pred_probs) -> Dict[str, np.ndarray]:
    if pred_probs is None:
        return {}
    return dict(pred_probs) if isinstance(pred_probs, Mapping) else dict(pred_probs=pred_probs)


def _where(judgeable: np.ndarray, probabilities) -> np.ndarray:
    """The probabilities with NaN for samples of a class that is too small."""
    probabilities = np.array(probabilities, dtype=np.float64)
    if probabilities.ndim == 2 and len(probabilities) == len(judgeable):
        probabilities[~judgeable] = np.nan
    return probabilities


def _feature_judge(name, features, labels, judgeable, near, copies, num_classes, folds, seed) -> Judge:
    if name == 'probe':
        fold = stratified_folds(labels, folds, seed, copies)
        probabilities = probe_probabilities(features, labels, num_classes, fold)
    else:
        probabilities = knn_probabilities(near, labels, num_classes)
    return judge_by_probabilities(name, labels, _where(judgeable, probabilities))


def _combine(labels, classes, judgeable, small, judges, near, pairs, copies, witness, seed) -> Issues:
    noise = _estimate(labels, judges, len(classes), seed)
    witness = None if witness is None else _where(judgeable, witness)
    verdict = reach_consensus(labels, judges, noise.rate, len(classes), witness)
    notes = [*verdict.notes, *_class_notes(labels, classes, small, verdict.is_issue, judgeable)]
    return Issues(
        labels,
        classes,
        *verdict[:4],
        judges,
        noise,
        copies,
        pairs,
        [] if near is None else outliers(near),
        small,
        notes,
        near,
        None if near is None else _neighbour_noise(labels, near, len(classes), seed),
    )


def _neighbour_noise(labels: np.ndarray, near: Voters, num_classes: int, seed: int) -> Optional[NoiseEstimate]:
    """By the samples that have two neighbours which are no copies; None where these are too few for the classes there are."""
    rows = np.flatnonzero(near.is_voter[:, :2].all(1)) if near.index.shape[1] > 1 else np.array([], dtype=int)
    present = len(np.unique(labels))
    if min(len(rows), TRIPLES) < ROWS * present:
        return None
    # The labels of all samples, as neighbours are rows of all; those that have no neighbours begin no triple.
    return estimate_noise_by_neighbours(labels, near.index[:, :2], num_classes, seed, rows=rows)


def _estimate(labels, judges: List[Judge], num_classes: int, seed: int) -> NoiseEstimate:
    if any(judge.probabilities is not None for judge in judges):
        mean = mean_probabilities(judges)
        known = ~np.isnan(mean).any(1)
        return estimate_noise(labels[known], mean[known], seed)
    # Flags alone: their share, with no direction.
    differs = np.all([judge.choice != labels for judge in judges], axis=0)
    rate = float(differs.mean())
    draws = np.random.default_rng(seed).binomial(len(labels), rate, 1000) / len(labels)
    unknown = Interval(*[np.full(num_classes, np.nan)] * 3)
    matrix = Interval(*[np.full((num_classes, num_classes), np.nan)] * 3)
    return NoiseEstimate(Interval(rate, *np.percentile(draws, [2.5, 97.5])), unknown, matrix)


def _class_notes(labels, classes, small, is_issue, judgeable) -> List[str]:
    notes = []
    sizes = np.bincount(labels, minlength=len(classes))
    if small:
        names = ', '.join(f'{classes[label]} ({sizes[label]})' for label in small[:20])
        notes.append(f'Too few samples to be judged, fewer than {SMALLEST}: {names}.')
    empty = [classes[label] for label in np.flatnonzero(sizes == 0)]
    if empty:
        notes.append(f'Classes without samples: {", ".join(empty[:20])}.')
    large = np.flatnonzero(sizes >= SMALLEST)
    most, least = large[sizes[large].argmax()], large[sizes[large].argmin()]
    if sizes[most] >= 5 * sizes[least]:
        rates = [is_issue[labels == label].mean() for label in (least, most)]
        notes.append(
            f'The classes are of unequal size: {classes[most]} has {sizes[most]} samples, {classes[least]} {sizes[least]}. '
            f'Of the small one {rates[0]:.0%} are flagged, of the large one {rates[1]:.0%}: judges name large classes more '
            'readily, so look at the flags of small classes first.'
        )
    return notes
