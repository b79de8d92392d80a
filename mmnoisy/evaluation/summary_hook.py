import csv
from pathlib import Path
from typing import Dict, List, Optional, Union

import torch
from mmengine.dist import all_reduce, master_only
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner

from ..engine.measures import predicted_labels
from ..engine.model_parts import evaluated_model, unwrap
from ..engine.sweep import precision, sweep, sweep_loader, sync_buffers
from ..files import replace_file, write_json
from ..registry import HOOKS
from .epoch_clock import EpochClock
from .evaluation_cost import EvaluationClock, Intervals, choose_intervals, same_on_all_ranks
from .memorisation import Memorisation, percent
from .noise_detection import detection_row
from .run_summary import accuracies, last_detection, noise_of


@HOOKS.register_module()
class SummaryHook(Hook):
    """Measures a run and leaves ``summary.json`` and ``history.csv`` in its ``work_dir``.

    At the end of every ``interval``-th epoch, and of the last: accuracy on the test set and, every
    ``train_interval``-th epoch where true labels are known, on the training set split into correctly and wrongly
    labelled samples (``memorised`` = predicted as the given wrong label, ``corrected`` = predicted as the true one).
    Every epoch: how well the hooks that judge samples find the wrong labels, in [0, 1].
    The validation accuracy is that of the runner's own validation loop. The test set selects nothing: ``at_best_val``
    is the test accuracy of the (first) epoch that is best on validation, ``oracle_best`` the best of the epochs that were
    tested. All accuracies are in percent, and where an EMAHook averages the weights they are those of the average, as in
    validation.

    With ``'auto'`` evaluation takes at most a tenth of the time of training: the first epoch is measured, and the
    intervals that follow from it are logged, are the same on all ranks and are kept in checkpoints. The epochs that are
    the best so far on validation are tested besides. What was memorised then comes, in every epoch, from the logits of the
    training passes or from the sweep that the method makes anyhow, and from a sweep of its own only where there is
    neither; ``memorised_by`` in the history says from which (:class:`mmnoisy.evaluation.memorisation.Memorisation`).
    Validation goes by the interval of the loop (``train_cfg.val_interval``).

    ``train_seconds`` is the time of the training epochs with what hooks do before them, such as sweeps, without
    evaluation and checkpoints; ``evaluation_seconds`` that of validation, test, memorisation and detection.

    In an iteration-based loop the rows are those of the validations, with the iteration in ``iter`` and the epoch begun
    in ``epoch``, and ``train_seconds`` holds the checkpoints.

    The history is saved in checkpoints. mmengine saves before it validates, and a method's sweep comes later still, so a
    resumed run repeats what its checkpoint has not seen.

    Args:
        interval (int | str): Epochs between two evaluations on the test set, or ``'auto'``. Defaults to ``'auto'``.
        train_interval (int | str): Epochs between two sweeps over the training set, or ``'auto'``; 0 for never. Defaults
            to ``'auto'``.
        val_metric (str): The validation metric that selects. Defaults to ``'accuracy/top1'``.

    Raises:
        ValueError: An interval that is none; before training: the test set has other classes, or another order of them,
            than the training set.
    """

    # After the hooks that act on the model at the end of an epoch, before CheckpointHook (VERY_LOW) saves the history.
    priority = 'LOW'

    def __init__(
        self,
        interval: Union[int, str] = 'auto',
        train_interval: Union[int, str] = 'auto',
        val_metric: str = 'accuracy/top1',
    ):
        for value, least in ((interval, 1), (train_interval, 0)):
            if value != 'auto' and (isinstance(value, (str, bool)) or value < least):
                raise ValueError(
                    "SummaryHook: interval must be 'auto' or at least 1 and train_interval 'auto' or at least 0 (never), "
                    f'not {interval!r} and {train_interval!r}.'
                )
        self.interval = interval
        self.train_interval = train_interval
        self.val_metric = val_metric
        self.history: List[dict] = []
        self.train_seconds = 0.0
        self.num_images = 0
        #: What 'auto' stands for, as soon as it is known.
        self.chosen: Optional[Intervals] = None
        self._by_iter = False
        self._epoch_images = 0
        self._clock, self._evaluation = EpochClock(), EvaluationClock()
        self._memorisation: Optional[Memorisation] = None
        self._stashed = None

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        # Also called for load_from and test; before_train knows whether this run resumes.
        self._stashed = checkpoint.get('summary')

    def before_train(self, runner) -> None:
        runner.register_hook(self._clock)
        self._by_iter = isinstance(runner.train_loop, IterBasedTrainLoop)
        self._test_loader = self._build_test_loader(runner)
        if self._measures_training(runner):
            self._memorisation = Memorisation(runner, training=self.train_interval == 'auto')
        if runner._resume and self._stashed is not None:
            self._restore(runner, self._stashed)

    def before_train_epoch(self, runner) -> None:
        self.train_seconds += self._clock.seconds()
        self._catch_up(runner)
        self._clock.restart()
        self._epoch_images = 0

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if self._memorisation:
            self._memorisation.before_iter()

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        self._epoch_images += len(data_batch['data_samples'])
        if self._memorisation:
            self._memorisation.after_iter(data_batch['data_samples'])

    def after_train_epoch(self, runner) -> None:
        seconds = self._clock.seconds()
        self._count()
        if self._by_iter:
            if not self._measured(runner):
                self._add(runner, dict(**self._now(runner), **self._tested(runner), **self._detected(runner)))
            return
        # Validation, the checkpoint and a sweep get the same statistics of BatchNorm, whether or not this epoch is tested.
        sync_buffers(unwrap(runner.model))
        epoch = runner.epoch + 1
        last = epoch == runner.max_epochs
        row = dict(epoch=epoch)
        if last or self._due(epoch, self.interval, 'test'):
            row.update(self._tested(runner))
        row.update(self._memorised(runner, epoch, last))
        row.update(self._detected(runner))
        self._add(runner, row)
        if self.chosen is None and 'auto' in (self.interval, self.train_interval):
            self._choose(runner, seconds)

    def before_val(self, runner) -> None:
        self._evaluation.begin('validation')

    def before_val_epoch(self, runner) -> None:
        if self._by_iter:
            self._count()

    def after_val_epoch(self, runner, metrics: Optional[Dict[str, float]] = None) -> None:
        self._evaluation.end('validation')
        if self.val_metric not in (metrics or {}):
            return
        accuracy = float(metrics[self.val_metric])
        if self._by_iter:
            row = dict(**self._now(runner), **self._tested(runner), **self._detected(runner))
            self._add(runner, dict(row, val_accuracy=accuracy))
            return
        # The loop counts the epoch before it validates. Outside training (tools/test.py) there is no row to fill.
        if self.history and self.history[-1]['epoch'] == runner.epoch:
            row = dict(epoch=runner.epoch, val_accuracy=accuracy)
            best = max((old['val_accuracy'] for old in self.history[:-1] if 'val_accuracy' in old), default=-1.0)
            if self.interval == 'auto' and accuracy > best and 'test_accuracy' not in self.history[-1]:
                row.update(self._tested(runner))
            self._add(runner, row)

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        checkpoint['summary'] = dict(
            history=[dict(row) for row in self.history],
            train_seconds=self.train_seconds,
            num_images=self.num_images,
            chosen=list(self.chosen) if self.chosen else None,
            evaluation=dict(self._evaluation.seconds),
        )

    def after_train(self, runner) -> None:
        self._catch_up(runner)
        if self._memorisation:
            self._memorisation.close()
        if self.history and not self._by_iter and 'test_accuracy' not in self.history[-1]:
            # Stopped early.
            self._add(runner, dict(epoch=self.history[-1]['epoch'], **self._tested(runner)))
        runner.logger.info(self._evaluation.text(self.train_seconds))
        self._write(runner)

    def measure_test(self, runner) -> Dict[str, float]:
        """Accuracies on the test set, in percent: ``test_accuracy`` and ``test_accuracy_<network>``. Collective."""
        found = sweep(evaluated_model(runner), self._test_loader, predicted_labels, context=precision(runner))
        label = found.pop('label')
        return {name.replace('prediction', 'test_accuracy'): percent(value == label) for name, value in found.items()}

    def summary(self, runner) -> dict:
        """The content of ``summary.json``; None where something was not measured."""
        return dict(
            config=Path(runner.cfg.filename).name if runner.cfg.filename else None,
            seed=runner.seed,
            epochs=self._now(runner)['epoch'] if self._by_iter else runner.epoch,
            **(dict(iterations=runner.iter) if self._by_iter else {}),
            **accuracies(self.history, runner.cfg),
            noise=noise_of(runner),
            detection=last_detection(self.history),
            train_seconds=self.train_seconds,
            evaluation_seconds=self._evaluation.total(),
            images_per_second=self.num_images / self.train_seconds if self.train_seconds else None,
        )

    def _add(self, runner, row: dict) -> None:
        """Merge values into the row of their epoch, log them and write the files."""
        key = 'iter' if self._by_iter else 'epoch'
        if self.history and self.history[-1].get(key) == row[key]:
            self.history[-1].update(row)
        else:
            self.history.append(row)
        values = {
            f'summary/{name}': value
            for name, value in row.items()
            if name not in ('epoch', 'iter') and not isinstance(value, str)
        }
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
        if self._test_loader is None:
            return {}
        with self._evaluation.count('test'):
            return self.measure_test(runner)

    def _detected(self, runner) -> Dict[str, float]:
        with self._evaluation.count('detection'):
            return detection_row(runner)

    def _memorised(self, runner, epoch: int, last: bool) -> dict:
        """What is known about an epoch at its end; where more will be at the start of the next, that is asked for."""
        if self._memorisation is None:
            return {}
        with self._evaluation.count('memorisation'):
            row = self._memorisation.of_training()
            if row:
                return row
            if not last and self._asks(runner, epoch):
                self._memorisation.ask()
                return {}
            due = last or self._due(epoch, self.train_interval, 'sweep')
            return self._memorisation.by_sweep(runner) if due else {}

    def _asks(self, runner, epoch: int) -> bool:
        """Whether the method's sweep before the next epoch tells what was memorised in ``epoch``, and that is wanted."""
        if self._memorisation is None or not self._memorisation.will_be_known(epoch):
            return False
        return self.train_interval == 'auto' or epoch % int(self.train_interval) == 0

    def _due(self, epoch: int, interval: Union[int, str], part: str) -> bool:
        if interval == 'auto':
            interval = getattr(self.chosen or Intervals(), part)
        return epoch % int(interval) == 0

    def _choose(self, runner, seconds: float) -> None:
        """Choose the intervals after the first epoch, of so many seconds. Collective."""
        spent = self._evaluation.seconds
        test = spent.get('test', 0.0)
        validation = 0.0
        if runner.val_loop is not None and self._test_loader is not None:
            # It comes later: by the numbers of images.
            share = len(runner.val_dataloader.dataset) / len(self._test_loader.dataset)
            validation = test * share / runner.val_interval
        swept = spent.get('memorisation', 0.0) if self.history[-1].get('memorised_by') == 'sweep' else 0.0
        self.chosen = same_on_all_ranks(choose_intervals(seconds, validation, test, swept))
        said = []
        if self.interval == 'auto' and self._test_loader is not None:
            said.append(
                f'a test ({test:.2f} s) every {self.chosen.test} epochs and where validation is the best so far'
            )
        if self.train_interval == 'auto' and swept:
            said.append(f'a sweep for what was memorised ({swept:.2f} s) every {self.chosen.sweep} epochs')
        if said:
            runner.logger.info(f'An epoch trains for {seconds:.2f} s, so there is {", and ".join(said)}.')

    def _restore(self, runner, saved: dict) -> None:
        self.history = [dict(row) for row in saved['history']]
        self.train_seconds, self.num_images = saved['train_seconds'], saved['num_images']
        self._evaluation.seconds = dict(saved.get('evaluation', {}))
        if saved.get('chosen'):
            self.chosen = Intervals(*saved['chosen'])
        row = self.history[-1] if self.history else {}
        if (
            row.get('epoch') == runner.epoch
            and row.get('memorised_by') != 'training'
            and self._asks(runner, runner.epoch)
        ):
            self._memorisation.ask()

    def _catch_up(self, runner) -> None:
        """Add to the last row what was not known at the end of its epoch. Collective."""
        if self._memorisation:
            with self._evaluation.count('memorisation'):
                row = self._memorisation.answer(runner)
            if row:
                self._add(runner, dict(epoch=self.history[-1]['epoch'], **row))
        self._repeat_validation(runner)

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

    def _measures_training(self, runner) -> bool:
        known = getattr(runner.train_dataloader.dataset, 'clean_labels', None) is not None
        return known and self.train_interval != 0 and not self._by_iter

    @master_only
    def _write_history(self, runner) -> None:
        fields = list(dict.fromkeys(key for row in self.history for key in row))
        with replace_file(Path(runner.work_dir) / 'history.csv', newline='') as file:
            writer = csv.DictWriter(file, fields)
            writer.writeheader()
            writer.writerows(self.history)

    @master_only
    def _write(self, runner) -> None:
        self._write_history(runner)
        write_json(Path(runner.work_dir) / 'summary.json', self.summary(runner))
