from typing import List, Optional

import torch
from torch import Tensor

from ...functional.class_uniform import small_loss_of_each
from ...models.classifiers.promix import ProMix
from ...registry import HOOKS
from ...stamps import Division
from ..measures import losses_and_prediction
from ..model_parts import unwrap
from ..sample_record import Column, SampleRecordHook
from ..shared_sweep import shared_sweep
from ..streams import stamp_division


@HOOKS.register_module()
class ProMixHook(SampleRecordHook):
    """Selects, each epoch after a warm-up, the samples of small loss in each class, for each network by its own losses.

    `ProMix: Combating Label Noise via Maximizing Clean Sample Utility <https://arxiv.org/abs/2207.10276>`_. Losses are those of
    a sweep (test transforms); :class:`mmnoisy.models.ProMix` is stamped with the selection, and adds what its predictions match.

    Writes ``samples.csv``: the score is the mean probability of the label, the suggestion what both networks predict together, an
    issue a label that is predicted otherwise and that neither network selects.

    Args:
        warmup_epochs (int): Epochs in which every label is believed, >= 1.
        share (float): rho, the samples that are selected at most of each class, as a share of N / K, in (0, 1]. Defaults to 0.5,
            which the paper takes for all labels of people, whatever their rate of errors.
        **kwargs: See :class:`SampleRecordHook`.

    Raises:
        ValueError: An option out of range; before training: another model than ProMix.
    """

    selects_by_sweep = True
    columns = dict(
        own=Column((2,), reduce=None),
        prediction=Column(dtype=torch.int64, reduce=None),
        selected=Column((2,), dtype=torch.bool, reduce=None),
    )

    def __init__(self, warmup_epochs: int, share: float = 0.5, **kwargs):
        super().__init__(**kwargs)
        if warmup_epochs < 1 or not 0 < share <= 1:
            raise ValueError(
                f'{self.name}: warmup_epochs must be >= 1 and share in (0, 1], not {warmup_epochs} and {share}.'
            )
        self.warmup_epochs, self.share = warmup_epochs, share

    def preflight(self, runner) -> List[str]:
        model = unwrap(runner.model)
        problem = f'{self.name} selects for a mmnoisy.ProMix, {type(model).__name__} would ignore it.'
        return super().preflight(runner) + ([] if isinstance(model, ProMix) else [problem])

    def before_train(self, runner) -> None:
        super().before_train(runner)
        shared_sweep(runner).announce(lambda epoch: epoch >= self.warmup_epochs)

    def before_train_epoch(self, runner) -> None:
        super().before_train_epoch(runner)
        if runner.epoch < self.warmup_epochs:
            return
        found = shared_sweep(runner).select(runner, losses_and_prediction)
        selected = torch.stack(
            [small_loss_of_each(loss, self.labels, self.num_classes, self.share) for loss in found['loss'].T], 1
        )
        self.set(own=(-found['loss']).exp(), prediction=found['prediction'], selected=selected)

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if runner.epoch >= self.warmup_epochs:
            division = Division(self.record['own'], self.record['selected'])
            stamp_division(runner, batch_idx, data_batch['data_samples'], division, self.warmup_epochs)

    def score(self) -> Optional[Tensor]:
        return self.record['own'].mean(1) if self.known else None

    def issues(self) -> Tensor:
        return (self.record['prediction'] != self.labels) & ~self.record['selected'].any(1)

    def suggested_labels(self) -> Optional[Tensor]:
        return self.record['prediction'] if self.known else None
