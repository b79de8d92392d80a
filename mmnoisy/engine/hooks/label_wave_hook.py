import copy
from pathlib import Path
from typing import List, Optional

import torch
from mmengine.dist import master_only
from mmengine.hooks import EMAHook
from torch import Tensor

from ...files import write_json
from ...functional.label_wave import first_minimum, moving_average
from ...registry import HOOKS
from ...stamps import sample_indices
from ..model_parts import only_logits, unwrap
from ..preflight import too_late
from ..sample_record import Column, SampleRecordHook
from ..shared_sweep import shared_sweep


@HOOKS.register_module()
class LabelWaveHook(SampleRecordHook):
    """Stops training before wrong labels are learnt by heart, without validation data, and goes back to that epoch.

    `Early Stopping Against Label Noise Without Validation Data <https://openreview.net/forum?id=CMzF2aOfqp>`_ (Label Wave).
    After each epoch it counts the samples whose predicted class, in the training forward passes, is another than in the
    epoch before. The count falls while the network learns what the labels have in common and rises when it begins to fit
    single wrong labels: the epoch at the first local minimum of its moving average is chosen. Training then ends with the
    weights of that epoch, which are kept from the latest minimum on, also in checkpoints. What later hooks measure at the end
    of this epoch, and the last checkpoint, are of these weights. Without a minimum training goes on to its end.

    The counts, their moving average and the chosen epoch are in ``label_wave.json`` in the work dir.

    Args:
        window (int): Epochs of the moving average, >= 1. Defaults to 3.
        patience (int): Epochs without a smaller average after which a minimum counts as one, >= 1; 1 is the paper's first
            local minimum, more is for few samples, whose counts waver. Defaults to 1.
        begin (int): Epochs before the first that can be chosen, >= 0. Defaults to 0.
        **kwargs: See :class:`SampleRecordHook`.

    Raises:
        ValueError: An option out of range; before training: a model without one head, batch augments (a mixed image has no
            prediction of its own), or an EMAHook, whose average cannot be taken back.
        RuntimeError: While training: several forward passes of the head in one iteration.
    """

    # 0 is "not predicted yet".
    columns = dict(predicted=Column(dtype=torch.int32, reduce='last'))

    def __init__(self, window: int = 3, patience: int = 1, begin: int = 0, **kwargs):
        super().__init__(**kwargs)
        if window < 1 or patience < 1 or begin < 0:
            raise ValueError(
                f'{self.name}: window and patience must be at least 1 and begin at least 0, not {window}, {patience} and '
                f'{begin}.'
            )
        self.window, self.patience, self.begin = window, patience, begin
        #: Changed predictions of each epoch from the second on.
        self.changes: List[int] = []
        #: The chosen epoch, from 1.
        self.chosen: Optional[int] = None
        self._weights: Optional[dict] = None
        self._logits: List[Tensor] = []
        self._saved: Optional[dict] = None

    def preflight(self, runner) -> List[str]:
        model = unwrap(runner.model)
        problems = super().preflight(runner)
        problems += too_late(self.name, 'begin + window', self.begin + self.window, runner)
        if getattr(model, 'head', None) is None:
            problems.append(f'{self.name} needs a classifier with one head, not {type(model).__name__}.')
        if getattr(model.data_preprocessor, 'batch_augments', None) is not None:
            problems.append(
                f'{self.name}: a mixed image has no prediction of its own. Take the batch augments out of model.train_cfg.'
            )
        if any(isinstance(hook, EMAHook) for hook in runner.hooks):
            problems.append(
                f'{self.name} goes back to the weights of an earlier epoch, and the average of an EMAHook would not: take one '
                'of the two hooks out.'
            )
        return problems

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        super().after_load_checkpoint(runner, checkpoint)
        self._saved = checkpoint.get('label_wave')

    def before_train(self, runner) -> None:
        super().before_train(runner)
        if runner._resume and self._saved is not None:
            self.changes, self.chosen = list(self._saved['changes']), self._saved['chosen']
            self._weights = self._saved['weights']
            runner.train_loop.stop_training = self.chosen is not None
        self._saved = None
        self._handle = unwrap(runner.model).head.register_forward_hook(self._catch)

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        self._logits.clear()

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        samples = data_batch['data_samples']
        prediction = only_logits(self._logits, samples, self.name).argmax(1)
        self.add(sample_indices(samples, prediction.device), predicted=prediction + 1)

    def after_train_epoch(self, runner) -> None:
        before = self.record['predicted'].clone()
        super().after_train_epoch(runner)
        # A sample that is not seen in an epoch keeps its prediction, so it does not count as changed.
        if runner.epoch:
            self.changes.append(int(((before > 0) & (before != self.record['predicted'])).sum()))
        averages = moving_average(self.changes[self.begin :], self.window)
        if averages and averages[-1] < min(averages[:-1], default=float('inf')):
            self._weights = copy.deepcopy(unwrap(runner.model).state_dict())
        place = first_minimum(averages, self.patience)
        if place is not None:
            # The first change is that of epoch 2.
            self.chosen = self.begin + place + self.window + 1
            unwrap(runner.model).load_state_dict(self._weights)
            shared_sweep(runner).advance()
            runner.train_loop.stop_training = True
        self._report(runner, averages)

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        super().before_save_checkpoint(runner, checkpoint)
        weights = self._weights if self.chosen is None else None
        checkpoint['label_wave'] = dict(changes=list(self.changes), chosen=self.chosen, weights=weights)

    def after_train(self, runner) -> None:
        super().after_train(runner)
        self._handle.remove()
        if self.chosen is None:
            runner.logger.warning(
                f'{self.name}: the number of changed predictions had no local minimum in {runner.epoch} epochs; the weights '
                'are those of the last epoch.'
            )

    @master_only
    def _report(self, runner, averages: List[float]) -> None:
        if self.changes:
            runner.visualizer.add_scalars({'label_wave/changed': self.changes[-1]}, step=runner.epoch + 1)
        if self.chosen is not None:
            runner.logger.info(
                f'{self.name}: the fewest predictions changed around epoch {self.chosen}: training ends with its weights.'
            )
        values = dict(changed=self.changes, average=averages, window=self.window, begin=self.begin, chosen=self.chosen)
        write_json(Path(runner.work_dir) / 'label_wave.json', values)

    def _catch(self, head, inputs, logits) -> None:
        if head.training:
            self._logits.append(logits.detach())
