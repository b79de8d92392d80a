"""The figures of a finished run: from its ``summary.json``, its test predictions and its ``samples.csv``."""

import json
from pathlib import Path
from typing import Dict, Optional

import numpy as np

from ..datasets.samples_file import read_rows
from .noise_detection import fnr_at_rate
from .results_file import DETECTION


def prediction_scores(predicted: np.ndarray, label: np.ndarray) -> Dict[str, float]:
    """Figures of test predictions that are not the accuracy.

    Args:
        predicted (np.ndarray): (N,) classes.
        label (np.ndarray): (N,) true classes.

    Returns:
        dict[str, float]: ``balanced_accuracy``, the mean recall of the classes that the test set has, and
        ``worst_class_recall``, the least of them, in percent.
    """
    right = np.asarray(predicted) == label
    recalls = [100.0 * right[label == k].mean() for k in np.unique(label)]
    return dict(balanced_accuracy=float(np.mean(recalls)), worst_class_recall=float(min(recalls)))


def samples_fnr(path) -> Optional[float]:
    """:func:`fnr_at_rate` of a ``samples.csv``; None where it has no true labels."""
    rows = list(read_rows(path))
    if not rows or any(row.get('clean_index') is None for row in rows):
        return None
    wrong = np.array([row['given_index'] != row['clean_index'] for row in rows])
    return fnr_at_rate(np.array([row['score'] for row in rows]), wrong)


def run_scores(work_dir, predictions=None) -> dict:
    """What a run is worth.

    Args:
        work_dir (str | Path): A finished run's or recipe's folder.
        predictions (str | Path, optional): Its ``test_predictions.npz``.

    Returns:
        dict: ``last``, ``at_best_val``, ``oracle_best``, ``val_best`` and, where there are predictions,
        ``balanced_accuracy`` and ``worst_class_recall`` in percent; ``detection`` in [0, 1], see
        :data:`mmnoisy.evaluation.results_file.DETECTION`; ``realised_noise``; ``train_seconds``.

    Raises:
        FileNotFoundError: The run is not finished.
    """
    work_dir = Path(work_dir)
    summary = json.loads((work_dir / 'summary.json').read_text())
    found = dict(
        last=summary.get('test_accuracy_last'),
        at_best_val=summary.get('test_accuracy_at_best_val'),
        oracle_best=summary.get('test_accuracy_oracle_best'),
        val_best=summary.get('val_accuracy_best'),
    )
    if predictions is not None:
        with np.load(predictions, allow_pickle=False) as content:
            found.update(prediction_scores(content['pred_label'], content['label']))
    detection = {key: value for key, value in (summary.get('detection') or {}).items() if key in DETECTION}
    if detection and (work_dir / 'samples.csv').is_file():
        detection['fnr_at_rate'] = samples_fnr(work_dir / 'samples.csv')
    return dict(
        found,
        detection=detection or None,
        realised_noise=summary.get('noise'),
        train_seconds=summary.get('train_seconds'),
    )
