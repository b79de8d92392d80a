import csv
import logging
from pathlib import Path
from typing import Dict, List, Optional

import torch
from mmengine.dist import all_reduce, master_only
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import IterBasedTrainLoop, Runner
from torch import Tensor

from ..datasets.samples_file import given_labels
from ..engine.measures import predicted_labels
from ..engine.model_parts import evaluated_model
from ..engine.sweep import sweep, sweep_loader
from ..files import replace_file, write_json
from ..registry import HOOKS
from .epoch_clock import EpochClock
from .noise_detection import detection_row


def _percent(correct: Tensor) -> float:
    return 100.0 * correct.double().mean().item()


@HOOKS.register_module()
class SummaryHook(Hook):
    """Measures a run and leaves ``summary.json`` and ``history.csv`` in its ``work_dir``.

    At the end of every ``interval``-th epoch, and of the last: accuracy on the test set and, every
    ``train_interval``-th epoch where true labels are known, on the training set split into correctly and wrongly
    labelled samples (``memorised`` = predicted as the given wrong label, ``corrected`` = predicted as the true one).
    Every epoch: how well the hooks that judge samples find the wrong labels, in [0, 1].
    The validation accuracy is that of the runner's own validation loop. The test set selects nothing: ``at_best_val``
    is the test accuracy of the (first) epoch that is best on validation, ``oracle_best`` the best over all epochs.
    All accuracies are in percent, and where an EMAHook averages the weights they are those of the average, as in
    validation. ``train_seconds`` is the time of the training epochs with what hooks do before them, such as sweeps,
    without evaluation and checkpoints.

    In an iteration-based loop the rows are those of the validations, with the iteration in ``iter`` and the epoch begun
    in ``epoch``, and ``train_seconds`` holds the checkpoints.

    The history is saved in checkpoints. mmengine saves before it validates, so a resumed run repeats a validation that
    its checkpoint has not seen.

    Args:
        interval (int): Epochs between two evaluations on the test set. Defaults to 1.
        train_interval (int): Epochs between two sweeps over the training set; 0 for never. Defaults to 1.
        val_metric (str): The validation metric that selects. Defaults to ``'accuracy/top1'``.

    Raises:
        ValueError: Before training: the test set has other classes, or another order of them, than the training set.
    """

    # After the hooks that act on the model at the end of an epoch, before CheckpointHook (VERY_LOW) saves the history.
    priority = 'LOW'

    def __init__(self, interval: int = 1, train_interval: int = 1, val_metric: str = 'accuracy/top1'):
        if interval < 1 or train_interval < 0:
            raise ValueError(
                f'SummaryHook: interval must be at least 1, not {interval!r}, and train_interval at least 0 (never), not '
                f'{train_interval!r}.'
            )
        self.interval = interval
        self.train_interval = train_interval
        self.val_metric = val_metric
        self.history: List[dict] = []
        self.train_seconds = 0.0
        self.num_images = 0
        self._by_iter = False
        self._epoch_images = 0
        self._clock = EpochClock()
        self._stashed = None

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        # Also called for load_from and test; before_train knows whether this run resumes.
        self._stashed = checkpoint.get('summary')

    def before_train(self, runner) -> None:
        runner.register_hook(self._clock)
        self._by_iter = isinstance(runner.train_loop, IterBasedTrainLoop)
        self._test_loader = self._build_test_loader(runner)
        self._train_loader = self._build_train_loader(runner)
        if runner._resume and self._stashed is not None:
            self.history = [dict(row) for row in self._stashed['history']]
            self.train_seconds, self.num_images = self._stashed['train_seconds'], self._stashed['num_images']

    def before_train_epoch(self, runner) -> None:
        self.train_seconds += self._clock.seconds()
        self._repeat_validation(runner)
        self._clock.restart()
        self._epoch_images = 0

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        self._epoch_images += len(data_batch['data_samples'])

    def after_train_epoch(self, runner) -> None:
        self._count()
        if self._by_iter:
            if not self._measured(runner):
                self._add(runner, dict(**self._now(runner), **self._tested(runner), **detection_row(runner)))
            return
        epoch = runner.epoch + 1
        last = epoch == runner.max_epochs
        row = dict(epoch=epoch)
        if self._test_loader is not None and (last or epoch % self.interval == 0):
            row.update(self.measure_test(runner))
        if self._train_loader is not None and self.train_interval and (last or epoch % self.train_interval == 0):
            row.update(self.measure_train(runner))
        row.update(detection_row(runner))
        self._add(runner, row)

    def before_val_epoch(self, runner) -> None:
        if self._by_iter:
            self._count()

    def after_val_epoch(self, runner, metrics: Optional[Dict[str, float]] = None) -> None:
        if self._by_iter and self.val_metric in (metrics or {}):
            row = dict(**self._now(runner), **self._tested(runner), **detection_row(runner))
            self._add(runner, dict(row, val_accuracy=float(metrics[self.val_metric])))
            return
        # The loop counts the epoch before it validates. Outside training (tools/test.py) there is no row to fill.
        if self.history and self.history[-1]['epoch'] == runner.epoch and self.val_metric in (metrics or {}):
            self._add(runner, dict(epoch=runner.epoch, val_accuracy=float(metrics[self.val_metric])))

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        checkpoint['summary'] = dict(
            history=[dict(row) for row in self.history], train_seconds=self.train_seconds, num_images=self.num_images
        )

    def after_train(self, runner) -> None:
        self._repeat_validation(runner)
        self._write(runner)

    def measure_test(self, runner) -> Dict[str, float]:
        """Accuracies on the test set, in percent: ``test_accuracy`` and ``test_accuracy_<network>``. Collective."""
        found = sweep(evaluated_model(runner), self._test_loader, predicted_labels)
        label = found.pop('label')
        return {name.replace('prediction', 'test_accuracy'): _percent(value == label) for name, value in found.items()}

    def measure_train(self, runner) -> Dict[str, float]:
        """Training accuracy split by the correctness of the labels, in percent. Collective."""
        dataset = self._train_loader.dataset
        given, clean = torch.as_tensor(given_labels(dataset)), torch.as_tensor(dataset.clean_labels)
        prediction = sweep(evaluated_model(runner), self._train_loader, predicted_labels)['prediction']
        wrong = given != clean
        row = dict(train_accuracy=_percent(prediction == given))
        if (~wrong).any():
            row['train_accuracy_correctly_labelled'] = _percent((prediction == given)[~wrong])
        if wrong.any():
            row['train_memorised'] = _percent((prediction == given)[wrong])
            row['train_corrected'] = _percent((prediction == clean)[wrong])
        return row

    def summary(self, runner) -> dict:
        """The content of ``summary.json``; None where something was not measured."""
        tested = [row for row in self.history if 'test_accuracy' in row]
        validated = [row for row in self.history if 'val_accuracy' in row]
        best = max(validated, key=lambda row: row['val_accuracy']) if validated else {}
        if self._same_data(runner.cfg, 'val_dataloader', 'test_dataloader'):
            print_log(
                'val_dataloader reads the test set, so the epoch that is best on it is an oracle: '
                'test_accuracy_at_best_val is left out. Hold out noisy validation data with LabelNoise(holdout=...).',
                logger='current',
                level=logging.WARNING,
            )
            best = {}
        last = self.history[-1] if self.history else {}
        detection = {key[len('detection_') :]: value for key, value in last.items() if key.startswith('detection_')}
        return dict(
            config=Path(runner.cfg.filename).name if runner.cfg.filename else None,
            seed=runner.seed,
            epochs=self._now(runner)['epoch'] if self._by_iter else runner.epoch,
            **(dict(iterations=runner.iter) if self._by_iter else {}),
            test_accuracy_last=tested[-1]['test_accuracy'] if tested else None,
            **{f'{key}_last': tested[-1][key] for key in (tested or [{}])[-1] if key.startswith('test_accuracy_')},
            test_accuracy_at_best_val=best.get('test_accuracy'),
            val_accuracy_best=best.get('val_accuracy'),
            test_accuracy_oracle_best=max(row['test_accuracy'] for row in tested) if tested else None,
            noise=self._noise(runner),
            detection=detection or None,
            train_seconds=self.train_seconds,
            images_per_second=self.num_images / self.train_seconds if self.train_seconds else None,
        )

    @staticmethod
    def _noise(runner) -> Optional[dict]:
        """The data set's noise and, where a hook estimated it, ``estimated_rate``."""
        dataset = runner.train_dataloader.dataset
        noise = dataset.noise_summary() if hasattr(dataset, 'noise_summary') else None
        estimate = runner.message_hub.get_info('estimated_noise_rate')
        return noise if estimate is None else dict(noise or {}, estimated_rate=estimate)

    def _add(self, runner, row: dict) -> None:
        """Merge values into the row of their epoch, log them and write the files."""
        key = 'iter' if self._by_iter else 'epoch'
        if self.history and self.history[-1].get(key) == row[key]:
            self.history[-1].update(row)
        else:
            self.history.append(row)
        values = {f'summary/{name}': value for name, value in row.items() if name not in ('epoch', 'iter')}
        if values:
            runner.visualizer.add_scalars(values, step=row[key])
            text = ', '.join(f'{name[8:]} {value:.2f}' for name, value in values.items())
            runner.logger.info(f'{"Iteration" if self._by_iter else "Epoch"} {row[key]}: {text}')
        self._write_history(runner)

    def _count(self) -> None:
        """Add the time and the images since the last count. Collective."""
        self.train_seconds += self._clock.seconds()
        images = torch.tensor(float(self._epoch_images))
        all_reduce(images)
        self.num_images += int(images)
        self._epoch_images = 0

    @staticmethod
    def _now(runner) -> Dict[str, int]:
        """Place of a row of an iteration-based loop."""
        return dict(epoch=-(-runner.iter // len(runner.train_dataloader)), iter=runner.iter)

    def _measured(self, runner) -> bool:
        return bool(self.history) and self.history[-1].get('iter') == runner.iter

    def _tested(self, runner) -> Dict[str, float]:
        return {} if self._test_loader is None else self.measure_test(runner)

    def _repeat_validation(self, runner) -> None:
        if self._by_iter:
            due = runner.val_loop is not None and runner.iter >= max(runner.val_begin, 1)
            if due and runner.iter % runner.val_interval == 0 and not self._measured(runner):
                runner.val_loop.run()
            return
        if not self.history or 'val_accuracy' in self.history[-1] or runner.val_loop is None:
            return
        if runner.epoch >= runner.val_begin and runner.epoch % runner.val_interval == 0:
            # Not in before_train: CheckpointHook, which may save the best now, is ready only after it. A loader draws
            # from torch's generator, which EpochSeedHook has set for the epoch.
            with torch.random.fork_rng(devices=[]):
                runner.val_loop.run()

    def _build_test_loader(self, runner):
        cfg = runner.cfg.get('test_dataloader')
        if not cfg:
            return None
        dataset = Runner.build_dataloader(cfg, seed=runner.seed).dataset
        train, test = (getattr(d, 'metainfo', {}).get('classes') for d in (runner.train_dataloader.dataset, dataset))
        if train and test and tuple(train) != tuple(test):
            raise ValueError(
                f'The test set has the classes {list(test)}, the training set {list(train)}: labels would '
                'mean different things. Set `classes` of both data sets to the same list.'
            )
        return sweep_loader(runner, dataset)

    def _build_train_loader(self, runner):
        if not self.train_interval or getattr(runner.train_dataloader.dataset, 'clean_labels', None) is None:
            return None
        return sweep_loader(runner)

    @staticmethod
    def _same_data(cfg, first: str, second: str) -> bool:
        return bool(cfg.get(first)) and bool(cfg.get(second)) and cfg[first].dataset == cfg[second].dataset

    @master_only
    def _write_history(self, runner) -> None:
        fields = list(dict.fromkeys(key for row in self.history for key in row))
        # Not flushed to the disk in every epoch: checkpoints have it too.
        with replace_file(Path(runner.work_dir) / 'history.csv', sync=False, newline='') as file:
            writer = csv.DictWriter(file, fields)
            writer.writeheader()
            writer.writerows(self.history)

    @master_only
    def _write(self, runner) -> None:
        self._write_history(runner)
        write_json(Path(runner.work_dir) / 'summary.json', self.summary(runner))
