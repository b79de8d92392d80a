"""How many labels judge a trial: a larger share is held out than in an ordinary training, and folds are pooled where it is small.

Such a trial holds an ordinary one for each fold, in a folder of its own. Its accuracy of an epoch is that on all held-out
samples together. Its folds are trained one after another: it is not stopped within one, but leaves out the rest once the
best trial is better on the same held-out samples.
"""

import math
from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np
from mmpretrain.registry import DATASETS

from ..engine.hooks.validation_record_hook import PREDICTIONS, objective
from ..files import replace_file
from .confirm import mcnemar, number_of_folds, right_by_sample
from .trial import curve_of, results

#: Held-out labels that are enough, and folds that are trained at most: regret falls with the labels, cost grows with the folds.
ENOUGH, MOST = 1000, 4
#: Apart from each other in the pooled predictions.
_APART = 10**8
#: Labels that a search would like to hold out, and the largest share that it does: trials differ by less than the standard
#: error of 2,000 labels, and lose little by a quarter fewer samples. Four folds are then all the data.
_WANTED, _SHARE = 5000, 0.25
#: A trial is given up where as large a difference from the best has at most this probability among equals (two-sided).
WORSE = 0.1


def held_out(whole: dict) -> Dict[str, float]:
    """Entries of the trials' config that hold out more than a config does; {} where it holds out enough, or nothing.

    Args:
        whole (dict): The whole config.
    """
    datasets = [whole[f'{part}_dataloader']['dataset'] for part in ('train', 'val')]
    shares = {dataset.get('holdout') for dataset in datasets}
    if len(shares) > 1 or not (share := shares.pop()) or share >= _SHARE:
        return {}
    count = len(DATASETS.build(datasets[1])) / share
    wider = round(min(_SHARE, _WANTED / count), 2)
    return {f'{part}_dataloader.dataset.holdout': wider for part in ('train', 'val')} if wider > share else {}


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


def is_behind(folder: Path, done: int) -> bool:
    """Whether a trial is worse than the best one on its first folds, by the paired test of the same held-out samples.

    Args:
        folder (Path): Of the trial; the others lie beside it.
        done (int): Folds that it has a result of.
    """
    others = [one for one in results(folder.parent.parent) if one.get('judged_on') == one.get('folds', 1) > done]
    if not others:
        return False
    best = max(others, key=lambda one: objective(curve_of(one)))['folder']
    found = [right_by_sample([_fold(place, number) for number in range(done)]) for place in (folder, best)]
    own, other = (sum(hits.values()) for hits in found)
    return own < other and mcnemar(*found) < WORSE


def _fold(folder: Path, number: int) -> dict:
    return dict(folder=folder / f'fold-{number}', fold=number, run=0)


def _mean(curves: List[Dict[str, float]], weights: Sequence[float]) -> Dict[str, float]:
    """Weighted mean by epoch, of the epochs that all have."""
    shared = [epoch for epoch in curves[0] if all(epoch in curve for curve in curves)]
    return {epoch: float(np.average([curve[epoch] for curve in curves], weights=weights)) for epoch in shared}
