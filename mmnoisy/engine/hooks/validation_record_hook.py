import json
import math
import os
from pathlib import Path
from typing import Dict, List, Optional

import numpy as np
import torch
from mmengine.dist import all_gather_object, broadcast_object_list, is_main_process
from mmengine.hooks import Hook

from ...files import replace_file
from ...functional.class_weights import class_weights
from ...functional.smoothing import best_epoch, smoothed
from ...registry import HOOKS

#: What the hook leaves in a run's folder.
CURVE, PREDICTIONS = 'validation.jsonl', 'val_predictions.npz'


@HOOKS.register_module()
class ValidationRecordHook(Hook):
    """Leaves the accuracy on noisy validation of every epoch for whoever watches the run, and stops when told to.

    ``validation.jsonl`` in the work dir gets a line ``{"epoch": 3, "accuracy": 61.2}`` after each validation, in percent.
    ``val_predictions.npz`` has the predictions of the epoch with the best smoothed accuracy so far: ``index`` (n,) rows of
    the validation set, ``pred_score`` (n, K) float16, ``label`` (n,) the labels as given, ``epoch``. A resumed run goes
    on with both.

    Args:
        stop_file (str, optional): The run ends after the epoch in which this file is there. Defaults to None.
        window (int): Epochs over which the accuracy is averaged to choose the best one. Defaults to 3.
        balanced (bool): Let the observed classes count alike, see :func:`mmnoisy.functional.class_weights.class_weights`.
            Defaults to False: the accuracy that the log shows.

    Raises:
        ValueError: ``window`` is not positive.
    """

    # Before CheckpointHook (VERY_LOW): a resumed run repeats what its checkpoint has not seen.
    priority = 'LOW'

    def __init__(self, stop_file: Optional[str] = None, window: int = 3, balanced: bool = False):
        if window < 1:
            raise ValueError(f'ValidationRecordHook: window must be at least 1, not {window!r}.')
        self.stop_file, self.window, self.balanced = stop_file, window, balanced
        self._rows: List[tuple] = []

    def before_train(self, runner) -> None:
        self.curve: Dict[int, float] = read_curve(runner.work_dir) if runner._resume else {}
        # What came after the checkpoint is done again.
        self.curve = {epoch: value for epoch, value in self.curve.items() if epoch <= runner.epoch}
        if is_main_process():
            _write(Path(runner.work_dir) / CURVE, self.curve)

    def before_val_epoch(self, runner) -> None:
        self._rows = []

    def after_val_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        scores = torch.stack([output.pred_score for output in outputs]).float().cpu().numpy()
        labels = [int(output.gt_label) for output in outputs]
        self._rows += list(zip([int(output.sample_idx) for output in outputs], scores, labels))

    def after_val_epoch(self, runner, metrics: Optional[Dict[str, float]] = None) -> None:
        if not hasattr(self, 'curve'):  # No training: tools/test.py.
            return
        # A sampler over ranks repeats samples.
        rows = {index: (score, label) for part in all_gather_object(self._rows) for index, score, label in part}
        index = np.array(sorted(rows))
        scores = np.stack([rows[i][0] for i in index])
        labels = np.array([rows[i][1] for i in index])
        weights = class_weights(labels) if self.balanced else 1.0
        accuracy = 100.0 * float((weights * (scores.argmax(1) == labels)).mean())
        self.curve[runner.epoch] = accuracy if math.isfinite(accuracy) else 0.0
        stop = [False]
        if is_main_process():
            folder = Path(runner.work_dir)
            if best_epoch(self.curve, self.window) == runner.epoch or not (folder / PREDICTIONS).is_file():
                with replace_file(folder / PREDICTIONS, 'wb', sync=False) as file:
                    half = scores.astype(np.float16)
                    np.savez(file, index=index, pred_score=half, label=labels, epoch=runner.epoch)
            with open(folder / CURVE, 'a', encoding='utf-8') as file:
                file.write(json.dumps(dict(epoch=runner.epoch, accuracy=self.curve[runner.epoch])) + '\n')
            stop = [self.stop_file is not None and os.path.exists(self.stop_file)]
        broadcast_object_list(stop)
        if stop[0]:
            runner.logger.info(f'{self.stop_file} is there: training ends after epoch {runner.epoch}.')
            runner.train_loop.stop_training = True


def read_curve(folder) -> Dict[int, float]:
    """Accuracy by epoch of a run's ``validation.jsonl``; the last line of an epoch counts, a torn one does not."""
    try:
        lines = (Path(folder) / CURVE).read_text(encoding='utf-8').splitlines()
    except FileNotFoundError:
        return {}
    found = {}
    for line in lines:
        try:
            row = json.loads(line)
            found[int(row['epoch'])] = float(row['accuracy'])
        except (ValueError, KeyError, TypeError):
            continue
    return dict(sorted(found.items()))


def objective(curve: Dict[int, float], window: int = 3) -> Optional[float]:
    """The best of the smoothed accuracies so far, percent; None for an empty curve."""
    return max(smoothed(curve, window).values(), default=None)


def _write(path: Path, curve: Dict[int, float]) -> None:
    with replace_file(path, sync=False, encoding='utf-8') as file:
        file.writelines(json.dumps(dict(epoch=epoch, accuracy=value)) + '\n' for epoch, value in curve.items())
