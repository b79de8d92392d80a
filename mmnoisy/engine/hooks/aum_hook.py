from typing import List, Optional

import numpy as np
import torch
from mmengine.logging import print_log
from mmpretrain.models import ArcFaceClsHead
from torch import Tensor

from ...functional.margins import margins
from ...registry import HOOKS
from ...stamps import sample_indices
from ..model_parts import only_logits, unwrap
from ..preflight import too_late
from ..sample_record import Column, SampleRecordHook


@HOOKS.register_module()
class AUMHook(SampleRecordHook):
    """Area under the margin: mislabelled samples keep a low margin while a network learns.

    `Identifying Mislabeled Data using the Area Under the Margin Ranking <https://arxiv.org/abs/2001.10528>`_. The AUM of
    a sample is its mean margin over the epochs, from the logits of the training forward passes. A forward hook on the
    head catches them, so any mmpretrain classifier with one head works.

    A sample is flagged if its AUM is below the cut: the 99th percentile of the threshold samples' AUM where the
    training set has them (``LabelNoise(threshold_samples=...)``), else 0. The score is ``sigmoid((AUM - cut) / std)``.
    Threshold samples themselves are not judged.

    Beside it stands the same of probabilities, ``p_y - max_{k != y} p_k`` averaged over the epochs
    (:meth:`probability_margin`): it is bounded, so no epoch and no easy sample outweighs the others.

    The margins tell most before the learning rate drops: measuring stops, with a warning, once it falls below half of
    its maximum.

    Args:
        threshold_class (bool): The head has one class more than the data set, that of the threshold samples; it is
            left out of predictions. Defaults to False.
        percentile (float): Percentile of the threshold samples' AUM, in [0, 100]. Defaults to 99.
        begin (int): First epoch, from 0, that is measured. Defaults to 0.
        end (int, optional): First epoch that is no more measured; None for the end of the training. Defaults to None.
        probabilities (bool): Also keep the mean probability of every class (:meth:`mean_probabilities`): memory of
            O(N K). Defaults to False.
        **kwargs: See :class:`SampleRecordHook`.

    Raises:
        ValueError: Before training: batch augments (logits of a mixed image belong to no sample), no head, or a head
            that does not fit ``threshold_class``.
        RuntimeError: While training: several forward passes in one iteration, or samples that are never seen.
    """

    columns = dict(
        margin_sum=Column(dtype=torch.float64),
        probability_margin_sum=Column(dtype=torch.float64),
        count=Column(dtype=torch.int32),
        predicted=Column(dtype=torch.int32, reduce='last'),
    )

    def __init__(
        self,
        threshold_class: bool = False,
        percentile: float = 99,
        begin: int = 0,
        end: Optional[int] = None,
        probabilities: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not 0 <= percentile <= 100:
            raise ValueError(f'{self.name}: percentile must be in [0, 100], not {percentile!r}.')
        if begin < 0 or end is not None and end <= begin:
            raise ValueError(
                f'{self.name}: begin must be at least 0 and end above it, not begin={begin} and end={end}.'
            )
        self.threshold_class, self.percentile = threshold_class, percentile
        self.begin, self.end, self.probabilities = begin, end, probabilities
        self._logits = []

    def aum(self) -> Tensor:
        """(N,), float64; NaN for samples that were not seen."""
        return self.record['margin_sum'] / self.record['count']

    def probability_margin(self) -> Tensor:
        """(N,) in [-1, 1], float64; NaN for samples that were not seen."""
        return self.record['probability_margin_sum'] / self.record['count']

    def mean_probabilities(self) -> Tensor:
        """(N, K) over the measured epochs, without the extra class; with ``probabilities=True`` only."""
        total = self.record['probability_sum'][:, : self.record['probability_sum'].size(1) - self.threshold_class]
        return total / total.sum(1, keepdim=True)

    def cut(self) -> float:
        """The AUM below which a sample is flagged."""
        mask = self._threshold_mask
        return 0.0 if mask is None else float(np.nanpercentile(self.aum()[mask].numpy(), self.percentile))

    def score(self) -> Optional[Tensor]:
        if not self.known:
            return None
        aum = self.aum()
        if self._threshold_mask is not None:
            aum[self._threshold_mask] = float('nan')
        spread = float(np.nanstd(aum.numpy())) or 1.0
        return torch.sigmoid((aum - self.cut()) / spread)

    def suggested_labels(self) -> Optional[Tensor]:
        """The class predicted in the last epoch that was to be measured; None if the learning rate fell before."""
        return self.record['predicted'] if 'predicted' in self.scalars else None

    def before_run(self, runner) -> None:
        # Also for validation and testing alone: the extra class is never predicted.
        head = getattr(unwrap(runner.model), 'head', None)
        if head is None:
            raise ValueError(
                f'{self.name} needs a classifier with one head, not {type(unwrap(runner.model)).__name__}.'
            )
        self._handle = head.register_forward_hook(self._catch)

    def after_run(self, runner) -> None:
        self._handle.remove()

    def preflight(self, runner) -> List[str]:
        model = unwrap(runner.model)
        problems = super().preflight(runner) + too_late(self.name, 'begin', self.begin, runner)
        if getattr(model.data_preprocessor, 'batch_augments', None) is not None:
            problems.append(
                f'{self.name}: the logits of a mixed image belong to no sample. Take the batch augments out of '
                'model.train_cfg.'
            )
        if isinstance(model.head, ArcFaceClsHead):
            problems.append(
                f'{self.name}: {type(model.head).__name__} takes a margin off the logit of the given label in training, '
                'so that nearly every sample would be flagged. Measure with a LinearClsHead.'
            )
        marked = getattr(runner.train_dataloader.dataset, 'threshold_mask', None) is not None
        if marked != self.threshold_class:
            problems.append(
                f'{self.name}: threshold_class={self.threshold_class}, but the training set has '
                f'{"" if marked else "no "}threshold samples. Set both or none: '
                'threshold_class=True and LabelNoise(threshold_samples=dict(index=0)).'
            )
        return problems

    def before_train(self, runner) -> None:
        if self.probabilities:
            size = runner.train_dataloader.dataset.num_classes + self.threshold_class
            self.columns['probability_sum'] = Column((size,))
        super().before_train(runner)
        mask = getattr(self.dataset, 'threshold_mask', None)
        self._threshold_mask = None if mask is None else torch.as_tensor(mask)

    def before_train_epoch(self, runner) -> None:
        super().before_train_epoch(runner)
        lr = max(runner.optim_wrapper.get_lr()['lr'])
        self.scalars['peak_lr'] = max(lr, self.scalars.get('peak_lr', 0.0))
        if lr < self.scalars['peak_lr'] / 2 and 'dropped' not in self.scalars:
            self.scalars['dropped'] = runner.epoch
            print_log(
                f'{self.name}: the learning rate fell to {lr:g}; the margins are measured up to epoch {runner.epoch} only.',
                'current',
                level=30,
            )
        end = runner.max_epochs if self.end is None else min(self.end, runner.max_epochs)
        self._measuring = self.begin <= runner.epoch < min(end, self.scalars.get('dropped', end))
        self._is_last = self._measuring and runner.epoch == end - 1

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        self._logits.clear()

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if not self._measuring:
            return
        samples = data_batch['data_samples']
        logits = only_logits(self._logits, samples, self.name)
        index = sample_indices(samples)
        labels = self.labels[index].to(logits.device)
        probabilities = logits.float().softmax(1)
        values = dict(
            margin_sum=margins(logits, labels),
            probability_margin_sum=margins(probabilities, labels),
            count=torch.ones_like(labels),
        )
        if self.probabilities:
            values['probability_sum'] = probabilities
        if self._is_last:  # an argmax costs more than all the rest
            values['predicted'] = logits[:, : logits.shape[1] - self.threshold_class].argmax(1)
        self.add(index.to(logits.device), **values)

    def after_train_epoch(self, runner) -> None:
        super().after_train_epoch(runner)
        if self._is_last:
            self.scalars['predicted'] = runner.epoch
        if self._measuring and not runner.train_dataloader.drop_last:
            self._check_seen()

    def after_train(self, runner) -> None:
        if self.known:
            self._check_seen()
        super().after_train(runner)

    def _catch(self, head, inputs, logits):
        """Forward hook of the head."""
        if head.training:
            self._logits.append(logits.detach())
            return None
        return logits[:, :-1] if self.threshold_class else None

    def _check_seen(self) -> None:
        unseen = (self.record['count'] == 0).nonzero().view(-1).tolist()
        if unseen:
            info = self.dataset.get_data_info(unseen[0])
            name = info.get('img_path', f'source_idx {info.get("source_idx", unseen[0])}')
            raise RuntimeError(
                f'{self.name}: {len(unseen)} of {self.num_samples} samples were never seen, the first is '
                f'sample_idx {unseen[0]} ({name}): the sampler or the pipeline leaves them out.'
            )
