"""A judge: what one way of looking says about every label, in the form that the consensus takes."""

from typing import Dict, NamedTuple, Optional

import numpy as np


class Judge(NamedTuple):
    """What one judge says about N labels.

    Args:
        name (str): Column in ``issues.csv``.
        score (np.ndarray): (N,) in [0, 1], low = suspicious, below 0.5 where the judge would give another label; NaN
            where it does not judge.
        choice (np.ndarray): (N,) int64, the class that the judge would give without seeing the sample's own label; -1
            for another class than the given one where the judge does not say which.
        probabilities (np.ndarray, optional): (N, K) out-of-sample class probabilities, NaN rows where not judged.
        extra (dict[str, np.ndarray], optional): Further measures, (N,) each, for information.
        out_of_sample (bool): Whether the sample's own label was kept from the judge. Defaults to True.
    """

    name: str
    score: np.ndarray
    choice: np.ndarray
    probabilities: Optional[np.ndarray] = None
    extra: Optional[Dict[str, np.ndarray]] = None
    out_of_sample: bool = True

    @property
    def judged(self) -> np.ndarray:
        """(N,) bool."""
        return ~np.isnan(self.score)

    def accuracy(self, labels: np.ndarray) -> float:
        """Share of the judged samples whose given label is the judge's choice, in [0, 1]; NaN where none is judged."""
        judged = self.judged
        return float((self.choice == labels)[judged].mean()) if judged.any() else float('nan')


def judge_by_probabilities(name: str, labels: np.ndarray, probabilities: np.ndarray) -> Judge:
    """A judge that has a probability for each class; its score is cleanlab's normalised margin.

    ``(p_y - max_{k != y} p_k + 1) / 2``, see `Kuan and Mueller <https://arxiv.org/abs/2207.03061>`_.

    Args:
        name (str): Its name.
        labels (np.ndarray): (N,) given labels, int64.
        probabilities (np.ndarray): (N, K), out of sample: the sample's own label was not used; NaN rows where a sample
            is not judged.

    Raises:
        ValueError: Another shape, or values outside [0, 1].
    """
    probabilities = np.asarray(probabilities, dtype=np.float64)
    if probabilities.ndim != 2 or len(probabilities) != len(labels) or probabilities.shape[1] <= labels.max():
        raise ValueError(
            f'Judge {name!r}: probabilities must have the shape ({len(labels)}, K) with K > {labels.max()}, not '
            f'{probabilities.shape}.'
        )
    judged = ~np.isnan(probabilities).any(1)
    known = probabilities[judged]
    if len(known) and (known.min() < 0 or known.max() > 1 + 1e-4):
        raise ValueError(f'Judge {name!r}: probabilities must be in [0, 1], not in [{known.min():g}, {known.max():g}].')
    score, choice = np.full(len(labels), np.nan), np.array(labels, dtype=np.int64)
    score[judged] = normalised_margin(labels[judged], known)
    choice[judged] = known.argmax(1)
    return Judge(name, score, choice, np.where(judged[:, None], probabilities, np.nan))


def judge_by_scores(
    name: str,
    labels: np.ndarray,
    score: np.ndarray,
    is_issue: np.ndarray,
    suggested: Optional[np.ndarray] = None,
) -> Judge:
    """A judge that has a score and flags only, such as an earlier ``samples.csv``.

    Args:
        name (str): Its name.
        labels (np.ndarray): (N,) given labels.
        score (np.ndarray): (N,) in [0, 1], low = suspicious, NaN where not judged.
        is_issue (np.ndarray): (N,) bool.
        suggested (np.ndarray, optional): (N,) classes, -1 where unknown.
    """
    other = np.full(len(labels), -1) if suggested is None else np.where(suggested == labels, -1, suggested)
    return Judge(name, np.asarray(score, np.float64), np.where(is_issue, other, labels).astype(np.int64))


def normalised_margin(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Cleanlab's ``normalized_margin``: (N,) labels, (N, K) -> (N,) in [0, 1]."""
    if not len(labels):
        return np.empty(0)
    rank = import_cleanlab('rank')
    return np.clip(rank.get_normalized_margin_for_each_label(labels, probabilities), 0, 1)


def import_cleanlab(module: str):
    """A module of cleanlab, imported where it is needed: the import takes a second.

    Raises:
        ImportError: It is not installed; the message has the command.
    """
    try:
        return __import__(f'cleanlab.{module}', fromlist=[module])
    except ImportError as error:
        raise ImportError(
            'Finding wrong labels needs cleanlab 2.8 or newer: `pip install "mmnoisy[features]"`.'
        ) from error
