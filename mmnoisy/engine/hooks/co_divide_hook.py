import math
from typing import List, Optional

import torch
from torch import Tensor

from ...datasets.balanced_subset import balanced_subset
from ...functional.class_uniform import class_uniform, js_divergence
from ...models.classifiers.dividemix import DivideMix
from ...registry import HOOKS
from ...stamps import Division
from ..division_hook import DivisionHook
from ..loss_division import average_losses
from ..measures import own_probability
from ..model_parts import unwrap
from ..sample_record import Column
from ..shared_sweep import shared_sweep
from ..streams import batch_shares, fill_streams, stream_problems, stream_sampler, warn_empty

TRAINING = ('joint', 'alternate')
SELECTIONS = ('mixture', 'uniform')


@HOOKS.register_module()
class CoDivideHook(DivisionHook):
    """Divides the training set for :class:`mmnoisy.models.DivideMix`, each epoch after a warm-up.

    Both networks' losses on all samples (test transforms) are scaled to [0, 1] and a mixture of two components is
    fitted to each network's. The posterior of the smaller component is ``p_clean``; each network is trained with the
    division that the *other* one made: labelled where ``p_clean > threshold``. ``score`` is the mean of both.

    With ``selection='uniform'`` (UNICON, https://arxiv.org/abs/2203.14542) both networks get one division: ``p_clean`` is 1 minus
    the Jensen-Shannon divergence between their mean prediction and the label, over ln 2, and labelled are equally many
    samples of each label, :func:`mmnoisy.functional.class_uniform.class_uniform`. A refined label weighs the given one by 1
    where the divergence is below 0.5 and by 1 minus it elsewhere, as in the official code.

    Args:
        warmup_epochs (int): Epochs on all labels before the first division, >= 1.
        threshold (float): A network learns the labels with ``p_clean`` above it, in (0, 1). Defaults to 0.5.
        mixture (str): ``'gmm'`` (the paper) or ``'bmm'`` (Beta mixture). Defaults to ``'gmm'``.
        selection (str): ``'mixture'``, or ``'uniform'``, which takes no option of the mixture. Defaults to ``'mixture'``.
        average_epochs (int): Fit to the mean of the scaled losses of this many last epochs, as the paper does for 90 %
            noise with 5. Defaults to 1.
        training (str): ``'joint'``: each batch trains both networks; it holds a part drawn for each, and each uses
            all of it, split by its own division. ``'alternate'``: one network an epoch, in turn, as in the official
            code; with DDP set ``find_unused_parameters=True``. Defaults to ``'joint'``.
        unlabelled_share (float): Of a batch, in [0, 1). Defaults to 0.5.
        epoch_batches (int): Batches in an epoch after warm-up; 0 for one pass over the labelled samples. Defaults to 0.
        subset (int): Each epoch divides and trains on that many samples alone, drawn anew, equally many of each
            observed class, as the paper does on Clothing1M; 0 for all samples. Samples never drawn get no score.
            Defaults to 0.
        **kwargs: More options of the fit, see :class:`mmnoisy.engine.division_hook.DivisionHook`, and of
            :class:`SampleRecordHook`.

    Raises:
        ValueError: An option out of range; before training: gradient accumulation, DDP that cannot alternate, another
            model than DivideMix, or another sampler than StreamSampler.
    """

    columns = dict(p_clean=Column((2,), reduce=None))
    networks = ('net1', 'net2')

    def __init__(
        self,
        warmup_epochs: int,
        mixture: str = 'gmm',
        selection: str = 'mixture',
        average_epochs: int = 1,
        training: str = 'joint',
        unlabelled_share: float = 0.5,
        epoch_batches: int = 0,
        subset: int = 0,
        **kwargs,
    ):
        # Kept for the mean over epochs; what one epoch needs is measured anew after a resume.
        if average_epochs > 1:
            self.columns = dict(self.columns, history=Column((average_epochs, 2), reduce=None))
        super().__init__(warmup_epochs, mixture=mixture, **kwargs)
        if training not in TRAINING:
            raise ValueError(f'{self.name}: training must be one of {", ".join(TRAINING)}, not {training!r}.')
        if average_epochs < 1 or not 0 <= unlabelled_share < 1:
            raise ValueError(
                f'{self.name}: average_epochs must be >= 1 and unlabelled_share in [0, 1), not {average_epochs} and '
                f'{unlabelled_share}.'
            )
        if subset < 0 or (subset and average_epochs > 1):
            raise ValueError(
                f'{self.name}: subset must be >= 0, and average_epochs=1 with it, as no epoch has the losses of the '
                f'samples of another; not {subset} and {average_epochs}.'
            )
        if selection not in SELECTIONS or (selection == 'uniform' and average_epochs > 1):
            raise ValueError(
                f'{self.name}: selection must be one of {", ".join(SELECTIONS)}, and average_epochs=1 with uniform, not '
                f'{selection!r} and {average_epochs}.'
            )
        self.average_epochs, self.selection = average_epochs, selection
        self.training, self.unlabelled_share = training, unlabelled_share
        self.epoch_batches, self.subset = epoch_batches, subset

    def score(self) -> Optional[Tensor]:
        """Mean of the networks' ``p_clean``, (N,), NaN where never measured; None in the warm-up."""
        return self.record['p_clean'].mean(1) if self.known else None

    def issues(self) -> Tensor:
        """(N,) bool: not believed, on average over the networks."""
        if self.selection == 'uniform':
            measured = ~self.record['p_clean'][:, 0].isnan()
            rows = None if measured.all() else measured.nonzero().squeeze(1)
            return measured & ~self.believed(self.record['p_clean'], rows).all(1)
        return self.score() <= self.threshold

    def preflight(self, runner) -> List[str]:
        problems, model = super().preflight(runner), unwrap(runner.model)
        if not isinstance(model, DivideMix):
            problems.append(f'{self.name} divides for a mmnoisy.DivideMix, {type(model).__name__} would ignore it.')
        if self.training == 'alternate' and not getattr(runner.model, 'find_unused_parameters', True):
            problems.append(
                f"{self.name}: training='alternate' under DDP leaves a network without gradient: set "
                "find_unused_parameters=True, or training='joint'."
            )
        return problems + stream_problems(runner, self.unlabelled_share, self._networks_at_once, self.name)

    def before_train(self, runner) -> None:
        super().before_train(runner)
        if self.subset and not self.known:
            self.record['p_clean'].fill_(torch.nan)
        self._sampler = stream_sampler(runner, self.name)
        if not self.subset:
            shared_sweep(runner).announce(lambda epoch: epoch >= self.warmup_epochs)
        size = runner.train_dataloader.batch_size
        self._shares = batch_shares(size, self.unlabelled_share, self._networks_at_once, self.name)

    def before_train_epoch(self, runner) -> None:
        super().before_train_epoch(runner)
        if runner.epoch < self.warmup_epochs:
            return
        rows = self.draw_rows(runner)
        p_clean = self.divide(runner, rows)
        self.apply(runner, p_clean, rows)

    def draw_rows(self, runner) -> Optional[Tensor]:
        """This epoch's samples, (M,) ascending, equal on all ranks and after a resume; None for all."""
        if not self.subset:
            return None
        generator = torch.Generator().manual_seed((runner.seed or 0) + runner.epoch)
        return balanced_subset(self.labels, self.subset, generator).sort().values

    def divide(self, runner, rows: Optional[Tensor]) -> Tensor:
        """Measure, fit and record ``p_clean``, (N, 2) float64, NaN where never measured. Collective."""
        if self.selection == 'uniform':
            return self._agreement(runner, rows)
        losses = self.divider.measure(runner, rows)
        count = int(self.scalars.get('divisions', 0))
        if self.average_epochs > 1:
            losses, history = average_losses(losses, self.record['history'], min(count, self.average_epochs - 1))
            self.set(history=history)
        labels = self.labels if rows is None else self.labels[rows]
        p_clean, found = self.divider.fit(runner, losses, labels, runner.epoch - self.warmup_epochs)
        if rows is not None:
            p_clean = self.record['p_clean'].to(p_clean).index_copy(0, rows, p_clean)
        self.set(p_clean=p_clean)
        self.scalars.update(found, divisions=count + 1)
        return p_clean

    def apply(self, runner, p_clean: Tensor, rows: Optional[Tensor]) -> None:
        """Give each network the other one's division, and fill the sampler with it."""
        for name in ('train/loss_net1', 'train/loss_net2'):
            # Losses of the warm-up: the logger would go on printing the last value.
            runner.message_hub.log_scalars.pop(name, None)
        # Column i is for network i: what the other one measured.
        given = p_clean.flip(1)
        joint = self.training == 'joint'
        active = (0, 1) if joint else ((runner.epoch - self.warmup_epochs) % 2,)
        self.division = Division(self._trust(given), self.believed(given, rows), active=active)
        labelled = self.division.labelled if rows is None else self.division.labelled[rows]
        labels = self.labels if rows is None else self.labels[rows]
        warn_empty(labelled, labels, self.num_classes, runner.logger)
        fill_streams(self._sampler, labelled[:, list(active)], self._shares, self.epoch_batches, rows)

    def believed(self, p_clean: Tensor, rows: Optional[Tensor] = None) -> Tensor:
        """Which labels are used, (N, 2) bool; those of ``rows`` alone with a class-uniform selection."""
        if self.selection == 'mixture':
            return p_clean > self.threshold
        rows = torch.arange(len(p_clean)) if rows is None else rows
        chosen = class_uniform(1 - p_clean[rows, 0], self.labels[rows], self.num_classes)
        return torch.zeros_like(p_clean, dtype=torch.bool).index_copy(0, rows, chosen[:, None].expand(-1, 2))

    def _agreement(self, runner, rows: Optional[Tensor]) -> Tensor:
        """Record ``p_clean`` from the networks' mean prediction, (N, 2) float32, NaN where never measured. Collective."""
        own = shared_sweep(runner).select(runner, own_probability, rows)['own']
        p_clean = (1 - js_divergence(own.double().clamp(0, 1)) / math.log(2)).float()[:, None].repeat(1, 2)
        if rows is not None:
            p_clean = self.record['p_clean'].index_copy(0, rows, p_clean)
        self.set(p_clean=p_clean)
        return p_clean

    def _trust(self, p_clean: Tensor) -> Tensor:
        """What a refined label weighs the given one by, (N, 2)."""
        if self.selection == 'mixture':
            return p_clean
        divergence = (1 - p_clean) * math.log(2)
        return torch.where(divergence < 0.5, 1.0, 1 - divergence)

    @property
    def _networks_at_once(self) -> int:
        """Networks that a batch serves."""
        return 2 if self.training == 'joint' else 1
