"""Trials on several folds, pooled: where the held-out share is small, its accuracy says little of a trial.

Such a trial holds an ordinary one for each fold, in a folder of its own. Its accuracy of an epoch is that on all held-out
samples together. It is not stopped early, as its folds are trained one after another.
"""

import math
from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np
from mmpretrain.registry import DATASETS

from ..engine.hooks.validation_record_hook import PREDICTIONS
from ..files import replace_file
from .confirm import number_of_folds

#: Held-out labels that are enough, and folds that are trained at most: regret falls with the labels, cost grows with the folds.
ENOUGH, MOST = 1000, 4
#: Apart from each other in the pooled predictions.
_APART = 10**8


def folds_needed(whole: dict) -> int:
    """Folds on which a trial of a config is judged: 1 where its held-out labels are enough, or are given apart.

    Args:
        whole (dict): The whole config.
    """
    folds = number_of_folds(whole)
    if folds == 1:
        return 1
    held_out = len(DATASETS.build(whole['val_dataloader']['dataset']))
    return max(1, min(folds, MOST, math.ceil(ENOUGH / held_out)))


def pool(folders: Sequence[Path], results: Sequence[dict], out: Path) -> dict:
    """The results of the folds as one, and their predictions in the folder of the trial."""
    parts = []
    for number, folder in enumerate(folders):
        with np.load(folder / PREDICTIONS, allow_pickle=False) as stored:
            parts.append((stored['index'] + number * _APART, stored['pred_score'], stored['label']))
    index, scores, labels = (np.concatenate(arrays) for arrays in zip(*parts))
    sizes = [len(part[0]) for part in parts]
    with replace_file(out / PREDICTIONS, 'wb', sync=False) as file:
        np.savez(file, index=index, pred_score=scores, label=labels)
    return dict(
        validation=_mean([result['validation'] for result in results], sizes),
        test=_mean([result['test'] for result in results], [1] * len(results)),
        stopped=any(result['stopped'] for result in results),
        noise=results[0]['noise'],
        train_seconds=sum(result['seconds']['train'] or 0 for result in results),
    )


def _mean(curves: List[Dict[str, float]], weights: Sequence[float]) -> Dict[str, float]:
    """Weighted mean by epoch, of the epochs that all have."""
    shared = [epoch for epoch in curves[0] if all(epoch in curve for curve in curves)]
    return {epoch: float(np.average([curve[epoch] for curve in curves], weights=weights)) for epoch in shared}
