"""How well a method finds wrong labels. True labels are read here, and never by what trains."""

from typing import Dict, Optional

import numpy as np

from ..datasets.samples_file import given_labels
from ..engine.sample_record import SampleRecordHook


def detection_scores(score: np.ndarray, is_issue: np.ndarray, is_wrong: np.ndarray) -> Dict[str, float]:
    """Quality of a score and of the flags made from it.

    Args:
        score (np.ndarray): (N,), low = suspicious; samples with NaN were not judged and do not count.
        is_issue (np.ndarray): (N,), bool, flagged as wrong.
        is_wrong (np.ndarray): (N,), bool, truly wrong.

    Returns:
        dict[str, float]: ``auc`` of the score (left out where all labels are right or all wrong); ``precision``,
        ``recall`` and ``f1`` of the flags in [0, 1], 0 where undefined; ``flagged``, their number.
    """
    from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

    score = np.asarray(score, dtype=np.float64)
    judged = ~np.isnan(score)
    score, is_issue, is_wrong = score[judged], np.asarray(is_issue, bool)[judged], np.asarray(is_wrong, bool)[judged]
    scores = {}
    if is_wrong.any() and not is_wrong.all():
        scores['auc'] = float(roc_auc_score(is_wrong, -score))
    precision, recall, f1, _ = precision_recall_fscore_support(is_wrong, is_issue, average='binary', zero_division=0)
    return dict(scores, precision=float(precision), recall=float(recall), f1=float(f1), flagged=int(is_issue.sum()))


def selection_scores(selected: np.ndarray, is_wrong: np.ndarray) -> Dict[str, float]:
    """Quality of a selection of samples to train on.

    Args:
        selected (np.ndarray): (N,), bool.
        is_wrong (np.ndarray): (N,), bool, truly wrong.

    Returns:
        dict[str, float]: ``label_precision``, the share of right labels in the selection, and ``label_recall``, the share
        of all right labels that is selected; 0 where undefined.
    """
    selected, is_right = np.asarray(selected, bool), ~np.asarray(is_wrong, bool)
    hits = (selected & is_right).sum()
    return dict(label_precision=float(hits / max(1, selected.sum())), label_recall=float(hits / max(1, is_right.sum())))


def fnr_at_rate(score: np.ndarray, is_wrong: np.ndarray) -> Optional[float]:
    """Share of the wrong labels that is missed where as many samples are flagged as truly have a wrong label.

    Ties at the threshold count by the share of them that is flagged, so the order of the samples does not matter.

    Args:
        score (np.ndarray): (N,), low = suspicious; samples with NaN were not judged and do not count.
        is_wrong (np.ndarray): (N,), bool, truly wrong.

    Returns:
        float | None: In [0, 1]; None where no judged label is wrong.
    """
    score = np.asarray(score, dtype=np.float64)
    judged = ~np.isnan(score)
    score, is_wrong = score[judged], np.asarray(is_wrong, bool)[judged]
    flags = int(is_wrong.sum())
    if not flags:
        return None
    threshold = np.sort(score)[flags - 1]
    below, tied = score < threshold, score == threshold
    found = is_wrong[below].sum() + is_wrong[tied].sum() * (flags - below.sum()) / tied.sum()
    return float(1 - found / flags)


def detection_row(runner) -> Dict[str, float]:
    """Scores of the hooks that judge samples, for a row of the history; {} where true labels are unknown.

    The keys are ``detection_auc`` and so on for the hook that writes ``samples.csv``, ``detection_<hook>_auc`` for others.
    ``suggested_accuracy`` is the share of the suggested labels that are right, in [0, 1].
    """
    dataset = runner.train_dataloader.dataset
    if getattr(dataset, 'clean_labels', None) is None:
        return {}
    is_wrong = given_labels(dataset) != dataset.clean_labels
    row = {}
    for hook in runner.hooks:
        score = hook.score() if isinstance(hook, SampleRecordHook) else None
        if score is None:
            continue
        is_issue = hook.issues().numpy()
        found = detection_scores(score.numpy(), is_issue, is_wrong)
        judged = ~np.isnan(score.numpy())
        found.update(selection_scores(~is_issue[judged], is_wrong[judged]))
        suggested = hook.suggested_labels()
        if suggested is not None:
            found['suggested_accuracy'] = float((suggested.numpy() == dataset.clean_labels)[judged].mean())
        prefix = 'detection_' if hook.file == 'samples.csv' else f'detection_{hook.name}_'
        row.update({prefix + key: value for key, value in found.items()})
    return row
