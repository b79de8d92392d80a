from typing import List, Optional, Sequence

import torch
from torch import Tensor

from ...models.classifiers.sample_aware import SampleAwareClassifier
from ...models.classifiers.semi_supervised import SemiSupervisedClassifier
from ...registry import HOOKS
from ...stamps import Division, observed_labels, write_weights
from ..measures import own_and_predicted
from ..model_parts import unwrap
from ..preflight import too_late
from ..refine import in_parts, refine
from ..sample_record import Column, SampleRecordHook
from ..shared_sweep import shared_sweep
from ..streams import batch_shares, fill_streams, stamp_division, stream_problems, stream_sampler, warn_empty


@HOOKS.register_module()
class PESHook(SampleRecordHook):
    """Progressive early stopping: later layers, which learn wrong labels sooner, are trained anew for a few epochs.

    `Understanding and Improving Early Stopping for Learning with Noisy Labels <https://arxiv.org/abs/2106.15853>`_ (PES).
    After ``begin`` epochs the network's last parts get new weights, one set of parts after the other, and are trained with
    Adam while the rest is held (:func:`mmnoisy.engine.refine.refine`). From then on each epoch begins with a sweep (test
    transforms): confident is a sample whose predicted class is its label. With ``semi=False`` the batches hold confident
    samples alone, and each class has the same weight in the loss. With ``semi=True`` the other samples are unlabelled ones of
    a :class:`mmnoisy.SemiSupervisedClassifier`. Needs :class:`mmnoisy.datasets.StreamSampler`.

    Writes ``samples.csv``: the score is the probability of the label, an issue and the suggestion are another prediction.

    Args:
        begin (int): Epochs before the last parts are trained anew, >= 1.
        parts (Sequence[dict]): Steps in their order, each ``dict(modules=[...], epochs=...)``: names of the modules of the
            model that get new weights, such as ``'backbone.layer4'``, and the epochs they are trained. Empty for agreement of
            prediction and label alone.
        lr (float): Adam's learning rate there, > 0. Defaults to 1e-4.
        semi (bool): Learn from samples that are not confident without their labels. Defaults to False.
        max_class_weight (float): Without ``semi``: a class that has fewer confident samples weighs at most so much more
            than the mean, >= 1. Defaults to infinity, the official code's.
        **kwargs: See :class:`SampleRecordHook`.

    Raises:
        ValueError: An option out of range; before training: a name in ``parts`` that is no module with parameters, another
            model or sampler, or gradient accumulation.
    """

    selects_by_sweep = True
    columns = dict(own=Column(reduce=None), predicted=Column(dtype=torch.int64, reduce=None))

    def __init__(
        self,
        begin: int,
        parts: Sequence[dict],
        lr: float = 1e-4,
        semi: bool = False,
        max_class_weight: float = float('inf'),
        **kwargs,
    ):
        super().__init__(**kwargs)
        if begin < 1 or not lr > 0 or not max_class_weight >= 1:
            raise ValueError(
                f'{self.name}: begin and max_class_weight must be at least 1 and lr above 0, not {begin}, '
                f'{max_class_weight} and {lr}.'
            )
        if any(set(part) != {'modules', 'epochs'} or part['epochs'] < 1 for part in parts):
            raise ValueError(
                f'{self.name}: parts must be a list of dict(modules=[...], epochs=...) with epochs of at least 1, not '
                f'{parts!r}.'
            )
        self.begin, self.parts, self.lr, self.semi = begin, list(parts), lr, semi
        self.max_class_weight = max_class_weight
        #: What to stamp, of the whole training set; None before ``begin``.
        self.division: Optional[Division] = None
        self._weights: Optional[Tensor] = None

    def preflight(self, runner) -> List[str]:
        model, problems = unwrap(runner.model), super().preflight(runner)
        problems += too_late(self.name, 'begin', self.begin, runner)
        needed = SemiSupervisedClassifier if self.semi else SampleAwareClassifier
        if not isinstance(model, needed) or not self.semi and isinstance(model, SemiSupervisedClassifier):
            problems.append(
                f"{self.name}: semi={self.semi} needs model.type='mmnoisy.{needed.__name__}', not {type(model).__name__}."
            )
        names = [name for name, _ in model.named_parameters()]
        missing = [m for part in self.parts for m in part['modules'] if not any(in_parts(name, [m]) for name in names)]
        if missing:
            problems.append(f'{self.name}: the model has no module with parameters called {", ".join(missing)}.')
        return problems + stream_problems(runner, 0.5 if self.semi else 0.0, 1, self.name)

    def before_train(self, runner) -> None:
        super().before_train(runner)
        self._sampler = stream_sampler(runner, self.name)
        self._sweep = shared_sweep(runner)
        self._sweep.announce(lambda epoch: epoch >= self.begin)

    def before_train_epoch(self, runner) -> None:
        super().before_train_epoch(runner)
        if runner.epoch < self.begin:
            return
        if runner.epoch == self.begin:
            for number, part in enumerate(self.parts):
                runner.logger.info(f'{self.name}: {", ".join(part["modules"])} anew for {part["epochs"]} epochs')
                refine(runner, part['modules'], part['epochs'], self.lr, number)
        self.set(**self._sweep.select(runner, own_and_predicted))
        self._divide(runner, self.record['predicted'] == self.labels)

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if self.division is None:
            return
        samples = data_batch['data_samples']
        if self.semi:
            stamp_division(runner, batch_idx, samples, self.division, self.begin)
        else:
            weights = self._weights[observed_labels(samples, 'cpu')]
            # As torch's weighted cross entropy has it: divided by the sum of the weights.
            write_weights(samples, weights * len(weights) / weights.sum())

    def score(self) -> Optional[Tensor]:
        return self.record['own'] if self.known else None

    def issues(self) -> Tensor:
        return self.record['predicted'] != self.labels

    def suggested_labels(self) -> Optional[Tensor]:
        return self.record['predicted'] if self.known else None

    def _divide(self, runner, confident: Tensor) -> None:
        warn_empty(confident[:, None], self.labels, self.num_classes, runner.logger)
        share = float(confident.float().mean())
        runner.logger.info(f'{self.name}: epoch {runner.epoch + 1}: {share:.3f} of the labels are confident')
        runner.visualizer.add_scalars({'pes/confident': share}, step=runner.epoch + 1)
        counts = torch.bincount(self.labels[confident], minlength=self.num_classes).float()
        weights = counts.sum() / (counts > 0).sum().clamp_min(1) / counts.clamp_min(1)
        if not confident.any():
            # Training goes on with all samples.
            confident, share, weights = torch.ones_like(confident), 1.0, torch.ones_like(weights)
        self._weights = weights.clamp(max=self.max_class_weight)
        self.division = Division(confident[:, None].double(), confident[:, None])
        size = runner.train_dataloader.batch_size
        shares = batch_shares(size, min(0.5, 1 - share) if self.semi else 0.0, 1, self.name)
        # As many batches as without a division in the semi-supervised part, one pass over the confident samples else.
        batches = -(-len(self.labels) // (size * self._sampler.world_size)) if self.semi else 0
        fill_streams(self._sampler, confident[:, None], shares, batches)
