"""What the judges say together: a score, flags that the evidence bears, and suggested labels."""

from itertools import combinations
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from .judges import Judge
from .noise_estimate import Interval

#: Chance-corrected agreement (Cohen's kappa) of the judges with each other. Below WEAK they know too little for their flags
#: to be taken as they are, below BLIND nothing. Ambiguous images and wrong labels look alike to a judge; two judges that
#: agree with each other far more than with the labels is what tells them apart.
WEAK, BLIND = 0.7, 0.25
#: Share of the flags that is kept of weak judges, most suspicious first.
_KEPT_OF_WEAK = 0.1
#: Share of the images that count as those of which the judges are surest: there, ambiguity plays the smallest part, and
#: what differs from the labels is close to the noise itself. Where noise is rarer on clear images, as with people, that is too
#: little, and confident learning's estimate, to which ambiguity adds, too much: two judges that agree allow for the middle.
_SUREST = 0.25


class Consensus(NamedTuple):
    """The judges' common verdict on N labels.

    Args:
        score (np.ndarray): (N,) in [0, 1], the mean of the judges' scores, low = suspicious; NaN where nobody judges.
        is_issue (np.ndarray): (N,) bool.
        suggested (np.ndarray): (N,) int64, the class that they take it for; the given one where nobody judges.
        suggested_score (np.ndarray): (N,) probability of that class, in [0, 1]; NaN where nobody judges.
        notes (list[str]): What limited the flags.
    """

    score: np.ndarray
    is_issue: np.ndarray
    suggested: np.ndarray
    suggested_score: np.ndarray
    notes: List[str]


def reach_consensus(
    labels: np.ndarray,
    judges: Sequence[Judge],
    rate: Interval,
    num_classes: int,
    witness: Optional[np.ndarray] = None,
) -> Consensus:
    """Combine judges.

    A label is flagged if every judge that judges it, and the mean of them, gives another one. Then flags are taken back,
    most trusted labels first, where there are more than the estimated noise explains, and where the judges are no
    better than the labels.

    Args:
        labels (np.ndarray): (N,) given labels.
        judges (Sequence[Judge]): At least one.
        rate (Interval): Estimated share of wrong labels.
        num_classes (int): K.
        witness (np.ndarray, optional): (N, K) out-of-sample probabilities that show how good the judges are; the mean of
            those judges that have some where None.
    """
    score = mean_of([judge.score for judge in judges])
    suggested, suggested_score = suggest(labels, judges, score, num_classes)
    judged = ~np.isnan(score)
    differs = np.all([(judge.choice != labels) | ~judge.judged for judge in judges], axis=0)
    is_issue = judged & differs & (suggested != labels)
    verdict = Consensus(score, is_issue, suggested, suggested_score, [])
    verdict = _by_agreement(verdict, labels, judges, num_classes)
    witness = out_of_sample(judges) if witness is None else witness
    trusted = agreement(judges, num_classes) >= WEAK
    verdict = _by_accuracy(verdict, labels, witness, rate, num_classes, trusted)
    return _by_rate(verdict, rate)


def out_of_sample(judges: Sequence[Judge]) -> Optional[np.ndarray]:
    """(N, K) mean probabilities of the judges that did not see a sample's own label; None without such a judge."""
    found = [judge for judge in judges if judge.out_of_sample and judge.probabilities is not None]
    return mean_probabilities(found) if found else None


def mean_of(values: Sequence[np.ndarray]) -> np.ndarray:
    """Mean over judges of (N, ...) arrays, those with NaN left out; NaN where all are."""
    known = [~np.isnan(value) for value in values]
    total = sum(np.where(k, value, 0) for k, value in zip(known, values))
    count = sum(k.astype(np.float64) for k in known)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def mean_probabilities(judges: Sequence[Judge]) -> np.ndarray:
    """(N, K) mean of the judges that have probabilities; NaN rows where none has. At least one has them."""
    return mean_of([judge.probabilities for judge in judges if judge.probabilities is not None])


def suggest(labels, judges: Sequence[Judge], score: np.ndarray, num_classes: int) -> Tuple[np.ndarray, np.ndarray]:
    """Suggested classes and their probability, (N,) each: by the mean probabilities, else by the judges' choices."""
    suggested, certainty = np.array(labels, dtype=np.int64), np.array(score)
    if any(judge.probabilities is not None for judge in judges):
        mean = mean_probabilities(judges)
        known = ~np.isnan(mean).any(1)
        suggested[known], certainty[known] = mean[known].argmax(1), mean[known].max(1)
        return suggested, certainty
    votes = np.zeros((len(labels), num_classes))
    for judge in judges:
        named = judge.judged & (judge.choice >= 0)
        votes[named, judge.choice[named]] += 1
    unnamed = np.any([judge.choice < 0 for judge in judges], axis=0)
    voted = votes.any(1) & ~unnamed
    suggested[voted] = votes[voted].argmax(1)
    # Another class, but nobody says which.
    suggested[unnamed & ~votes.any(1)] = -1
    return suggested, np.where(suggested == labels, score, 1 - score)


def agreement(judges: Sequence[Judge], num_classes: int) -> float:
    """Cohen's kappa of the judges with each other, the mean over pairs, at most 1; NaN for a single judge."""
    from sklearn.metrics import cohen_kappa_score

    found = []
    for one, other in combinations(judges, 2):
        both = one.judged & other.judged & (one.choice >= 0) & (other.choice >= 0)
        if both.any():
            found.append(
                cohen_kappa_score(one.choice[both], other.choice[both], labels=range(num_classes))
                if (one.choice[both] != other.choice[both]).any()
                else 1.0
            )
    return float(np.mean(found)) if found else float('nan')


def true_accuracy(seen: float, rate: float, num_classes: int) -> float:
    """Accuracy on the true labels of judges that agree with the given ones in a share ``seen``, in [0, 1].

    If errors of both fall on the other classes alike, ``seen = a (1 - r) + (1 - a) r / (K - 1)``.
    """
    chance = rate / max(1, num_classes - 1)
    slope = 1 - rate - chance
    return float(np.clip((seen - chance) / slope, 0, 1)) if slope > 1e-9 else 0.0


def _by_agreement(verdict: Consensus, labels, judges, num_classes) -> Consensus:
    """Judges that hardly agree with each other, or a single one that is hardly better than chance, flag little or nothing."""
    judged = ~np.isnan(verdict.score)
    size, flagged = int(judged.sum()), int(verdict.is_issue.sum())
    if not flagged:
        return verdict
    kappa = agreement(judges, num_classes)
    seen = float((verdict.suggested == labels)[judged].mean())
    largest = np.bincount(labels[judged]).max() / size
    if kappa < BLIND or (np.isnan(kappa) and seen <= largest + 3 * np.sqrt(0.25 / size)):
        reason = (
            f'The judges agree with each other hardly more than by chance (kappa {kappa:.2f})'
            if kappa < BLIND
            else f'The judge agrees with {seen:.0%} of the labels, hardly more than by always naming the largest class'
        )
        note = f'{reason}: wrong labels cannot be told here, and nothing is flagged. Use better features.'
        return _flag(verdict, np.zeros_like(judged), note)
    if not kappa < WEAK:
        return verdict
    same = verdict.is_issue & np.all([judge.choice == verdict.suggested for judge in judges], axis=0)
    keep = int(np.ceil(_KEPT_OF_WEAK * same.sum()))
    note = (
        f'The judges often disagree with each other (kappa {kappa:.2f}): their suggestions could make the labels worse. Of '
        f'{flagged} flags only the {keep} most suspicious ones on which they agree are kept. Use better features.'
    )
    return _flag(verdict, lowest(same, verdict.score, keep), note)


def _by_accuracy(verdict: Consensus, labels, witness, rate, num_classes, trusted: bool) -> Consensus:
    """Judges that are not more often right than the labels keep the flags of which they are surest.

    A difference within one standard error does not count as better.
    """
    if not verdict.is_issue.any() or witness is None:
        return verdict  # Nothing says how sure the judges are without the labels' own influence.
    judged = ~np.isnan(witness).any(1)
    certainty, choice = np.where(judged, witness.max(1), 0), np.where(judged, witness.argmax(1), labels)
    surest = judged & (certainty >= np.quantile(certainty[judged], 1 - _SUREST))
    noise = float((choice != labels)[surest].mean())
    if trusted and rate.estimate > noise:
        noise = (noise + rate.estimate) / 2
    right = true_accuracy(float((choice == labels)[judged].mean()), noise, num_classes)
    if right >= 1 - noise + np.sqrt(noise * (1 - noise) / surest.sum()):
        return verdict
    kept = verdict.is_issue & surest & (choice == verdict.suggested)
    note = (
        f'By their agreement with the labels, the judges are right about {right:.0%} of the images and the labels about '
        f'{1 - noise:.0%}: taking all suggestions would make the labels worse. Of {verdict.is_issue.sum()} flags only the '
        f'{kept.sum()} are kept of which the judges are surest; the estimated noise, {rate.estimate:.1%}, may be too high.'
    )
    if not trusted:
        note += ' A second judge of another kind could tell more.'
    return _flag(verdict, kept, note)


def _by_rate(verdict: Consensus, rate) -> Consensus:
    """No more flags than the estimated noise explains."""
    size, flagged = int((~np.isnan(verdict.score)).sum()), int(verdict.is_issue.sum())
    limit = int(np.ceil(rate.high * size))
    if flagged <= limit:
        return verdict
    note = (
        f'The judges differ from {flagged} labels, {flagged / size:.1%}; the estimated noise, {rate.estimate:.1%} '
        f'({rate.low:.1%} to {rate.high:.1%}), explains {limit}: only the {limit} most suspicious ones are flagged.'
    )
    return _flag(verdict, lowest(verdict.is_issue, verdict.score, limit), note)


def _flag(verdict: Consensus, is_issue: np.ndarray, note: str) -> Consensus:
    return verdict._replace(is_issue=is_issue, notes=[*verdict.notes, note])


def lowest(mask: np.ndarray, score: np.ndarray, count: int) -> np.ndarray:
    """The ``count`` members of a mask with the lowest scores, as a mask."""
    rows = np.flatnonzero(mask)
    result = np.zeros_like(mask)
    result[rows[np.argsort(score[rows], kind='stable')[:count]]] = True
    return result
