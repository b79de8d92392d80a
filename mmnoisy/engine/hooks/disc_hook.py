from typing import List, Optional

import torch
import torch.nn.functional as F
from torch import Tensor

from ...functional.instance_thresholds import Sets, follow, select
from ...models.classifiers.disc import DISC
from ...registry import HOOKS
from ...stamps import Division, sample_indices, write_targets, write_weights
from ..model_parts import unwrap
from ..sample_record import Column, SampleRecordHook
from ..streams import stamp_division


@HOOKS.register_module()
class DISCHook(SampleRecordHook):
    """Believes a label by a threshold of the sample's own: how sure the network has been of it so far.

    `DISC: Learning from Noisy Labels via Dynamic Instance-Specific Selection and Correction
    <https://openaccess.thecvf.com/content/CVPR2023/html/Li_DISC_CVPR_2023_paper.html>`_. The thresholds, one a sample and view,
    follow the largest probability of each epoch's training passes. After each epoch samples are divided by the thresholds
    before it (:func:`mmnoisy.functional.instance_thresholds.select`), and from the epoch ``warmup_epochs`` on the division of
    the epoch before is stamped for :class:`mmnoisy.models.DISC`: a ``Division`` whose columns are the views, the class to learn
    as ``gt_score``, and ``sample_weight`` 0 for samples that are left out. Memory is O(N), not O(N K).

    Writes ``samples.csv``: the score is the mean probability of the label, an issue is believed in neither view, the suggestion
    is the prediction.

    Args:
        warmup_epochs (int): Epochs in which every label is believed, >= 1.
        momentum (float): Of the thresholds, in [0, 1). Defaults to 0.99.
        margin (float): What the prediction of a corrected sample has to be surer than the threshold by, >= 0. Defaults to 0.5.
        cap (float): Largest confidence asked of a corrected sample, in (0, 1]. Defaults to 0.99.
        **kwargs: See :class:`SampleRecordHook`.

    Raises:
        ValueError: An option out of range; before training: another model than DISC.
    """

    columns = dict(
        own=Column((2,), reduce='last'),
        confidence=Column((2,), reduce='last'),
        joint=Column(reduce='last'),
        prediction=Column(dtype=torch.int64, reduce='last'),
        threshold=Column((2,), reduce=None),
        selected=Column((2,), dtype=torch.bool, reduce=None),
        used=Column(dtype=torch.bool, reduce=None),
        target=Column(dtype=torch.int64, reduce=None),
    )

    def __init__(self, warmup_epochs: int, momentum: float = 0.99, margin: float = 0.5, cap: float = 0.99, **kwargs):
        super().__init__(**kwargs)
        if warmup_epochs < 1 or margin < 0 or not 0 <= momentum < 1 or not 0 < cap <= 1:
            raise ValueError(
                f'{self.name}: warmup_epochs must be >= 1, momentum in [0, 1), margin >= 0 and cap in (0, 1], not '
                f'{warmup_epochs}, {momentum}, {margin} and {cap}.'
            )
        self.warmup_epochs, self.momentum, self.margin, self.cap = warmup_epochs, momentum, margin, cap
        self._logits: Optional[Tensor] = None

    def preflight(self, runner) -> List[str]:
        model = unwrap(runner.model)
        problem = f'{self.name} divides for a mmnoisy.DISC, {type(model).__name__} would ignore it.'
        return super().preflight(runner) + ([] if isinstance(model, DISC) else [problem])

    def before_train(self, runner) -> None:
        super().before_train(runner)
        if not self.known:
            # As in the official code: next to nothing, and not 0.
            self.record['threshold'].fill_(1 / self.num_samples)
        self._handle = unwrap(runner.model).head.register_forward_hook(self._catch)

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        self._logits = None
        if runner.epoch < self.warmup_epochs:
            return
        samples = data_batch['data_samples']
        index = sample_indices(samples)
        division = Division(self.record['own'], self.record['selected'])
        stamp_division(runner, batch_idx, samples, division, self.warmup_epochs)
        write_targets(samples, F.one_hot(self.record['target'][index], self.num_classes).float())
        write_weights(samples, self.record['used'][index].float())

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        samples = data_batch['data_samples']
        probabilities = self._logits.float().softmax(1).view(2, len(samples), -1)
        index = sample_indices(samples)
        labels = self.labels[index].to(probabilities.device)
        joint, prediction = probabilities.mean(0).max(1)
        self.add(
            index.to(probabilities.device),
            own=probabilities.gather(2, labels.expand(2, -1)[..., None]).squeeze(2).T,
            confidence=probabilities.max(2).values.T,
            joint=joint,
            prediction=prediction,
        )

    def after_train_epoch(self, runner) -> None:
        super().after_train_epoch(runner)
        seen = {name: self.record[name] for name in ('own', 'joint', 'prediction', 'threshold')}
        sets = select(labels=self.labels, margin=self.margin, cap=self.cap, **seen)
        threshold = follow(self.record['threshold'], self.record['confidence'], self.momentum)
        self.set(threshold=threshold, selected=sets.selected, used=sets.used, target=sets.target)
        self._report(runner, sets)

    def after_train(self, runner) -> None:
        super().after_train(runner)
        self._handle.remove()

    def score(self) -> Optional[Tensor]:
        return self.record['own'].mean(1) if self.known else None

    def issues(self) -> Tensor:
        return ~self.record['selected'].any(1)

    def suggested_labels(self) -> Optional[Tensor]:
        return self.record['prediction'] if self.known else None

    def groups(self) -> Optional[Tensor]:
        return Sets(*(self.record[name] for name in Sets._fields)).groups() if self.known else None

    def _report(self, runner, sets: Sets) -> None:
        counts = torch.bincount(sets.groups(), minlength=4).double() / self.num_samples
        shares = dict(zip(('clean', 'hard', 'corrected', 'unused'), counts.tolist()))
        runner.visualizer.add_scalars({f'disc/{name}': share for name, share in shares.items()}, step=runner.epoch + 1)
        text = ', '.join(f'{name} {share:.3f}' for name, share in shares.items())
        runner.logger.info(f'{self.name}: epoch {runner.epoch + 1}: shares of the samples: {text}')

    def _catch(self, head, inputs, logits) -> None:
        # The first pass of an iteration has both views, the others mixed images.
        if head.training and self._logits is None:
            self._logits = logits.detach()
