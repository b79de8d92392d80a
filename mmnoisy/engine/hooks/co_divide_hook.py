from typing import Optional

import numpy as np
import torch
from torch import Tensor

from ...datasets.balanced_subset import balanced_subset
from ...models.classifiers.dividemix import DivideMix
from ...registry import HOOKS
from ..sample_record import Column
from ..streams import batch_shares, fill_streams, stream_sampler, warn_empty
from ..sweep import sweep_loader
from .loss_mixture_hook import LossMixtureHook

TRAINING = ('joint', 'alternate')


@HOOKS.register_module()
class CoDivideHook(LossMixtureHook):
    """Divides the training set for :class:`mmnoisy.models.DivideMix`, each epoch after a warm-up.

    Both networks' losses on all samples (test transforms) are scaled to [0, 1] and a mixture of two components is
    fitted to each network's. The posterior of the smaller component is ``p_clean``; each network is trained with the
    division that the *other* one made: labelled where ``p_clean > threshold``. ``score`` is the mean of both.

    Args:
        warmup_epochs (int): Epochs on all labels before the first division.
        mixture (str): ``'gmm'`` (the paper) or ``'bmm'`` (Beta mixture). Defaults to ``'gmm'``.
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
        **kwargs: See :class:`LossMixtureHook`.

    Raises:
        ValueError: An option out of range; before training: gradient accumulation, or DDP that cannot alternate.
        TypeError: Before training: another model than DivideMix, or another sampler than StreamSampler.
    """

    columns = dict(p_clean=Column((2,), reduce=None))
    networks = ('net1', 'net2')
    model_type = DivideMix

    def __init__(
        self,
        warmup_epochs: int,
        mixture: str = 'gmm',
        average_epochs: int = 1,
        training: str = 'joint',
        unlabelled_share: float = 0.5,
        epoch_batches: int = 0,
        subset: int = 0,
        **kwargs,
    ):
        if training not in TRAINING:
            raise ValueError(f'CoDivideHook: training must be one of {", ".join(TRAINING)}, not {training!r}.')
        if average_epochs < 1 or not 0 <= unlabelled_share < 1:
            raise ValueError(
                'CoDivideHook: average_epochs must be >= 1 and unlabelled_share in [0, 1), not '
                f'{average_epochs} and {unlabelled_share}.'
            )
        if subset < 0 or (subset and average_epochs > 1):
            raise ValueError(
                'CoDivideHook: subset must be >= 0, and average_epochs=1 with it, as no epoch has the losses of the '
                f'samples of another; not {subset} and {average_epochs}.'
            )
        # Kept for the mean over epochs; what one epoch needs is measured anew after a resume.
        if average_epochs > 1:
            self.columns = dict(self.columns, history=Column((average_epochs, 2), reduce=None))
        super().__init__(warmup_epochs, mixture=mixture, **kwargs)
        self.average_epochs, self.training = average_epochs, training
        self.unlabelled_share, self.epoch_batches, self.subset = unlabelled_share, epoch_batches, subset

    def before_train(self, runner) -> None:
        super().before_train(runner)
        if self.training == 'alternate' and not getattr(runner.model, 'find_unused_parameters', True):
            raise ValueError(
                "CoDivideHook: training='alternate' under DDP leaves a network without gradient: set "
                "find_unused_parameters=True, or training='joint'."
            )
        if self.subset and not self.scalars.get('divisions'):
            self.record['p_clean'].fill_(torch.nan)
        self._sampler = stream_sampler(runner, 'CoDivideHook')
        networks = 2 if self.training == 'joint' else 1
        self._shares = batch_shares(runner.train_dataloader.batch_size, self.unlabelled_share, networks, 'CoDivideHook')

    def divide(self, runner) -> Tensor:
        """As in the base class, of this epoch's samples where it does not take all; NaN where never measured."""
        if self.subset:
            # Equal on all ranks and after a resume.
            generator = torch.Generator().manual_seed((runner.seed or 0) + runner.epoch)
            self._rows = balanced_subset(self._labels, self.subset, generator).sort().values
            self._loader = sweep_loader(runner, rows=self._rows)
        return super().divide(runner)

    def apply(self, runner, p_clean: Optional[Tensor]) -> None:
        """Give each network the other one's division, and fill the sampler with it."""
        if p_clean is None:
            return
        for name in ('train/loss_net1', 'train/loss_net2'):
            # Losses of the warm-up: the logger would go on printing the last value.
            runner.message_hub.log_scalars.pop(name, None)
        # Column i is for network i: what the other one measured.
        given = p_clean.flip(1)
        self._division = given.float(), given > self.threshold
        labelled = self._division[1] if self._rows is None else self._division[1][self._rows]
        warn_empty(labelled, self._epoch_labels(), int(self._labels.max()) + 1, runner.logger)
        active = (0, 1) if self.training == 'joint' else ((runner.epoch - self.warmup_epochs) % 2,)
        self.active = active
        fill_streams(self._sampler, labelled[:, list(active)], self._shares, self.epoch_batches, self._rows)

    def scaled_losses(self, runner) -> np.ndarray:
        """As in the base class; the mean with those of the last epochs."""
        return self._average(super().scaled_losses(runner))

    def _average(self, losses: np.ndarray) -> np.ndarray:
        """Mean with the scaled losses of the last epochs, as many as there are."""
        if self.average_epochs == 1:
            return losses
        known = min(int(self.scalars.get('divisions', 0)), self.average_epochs - 1)
        history = torch.cat([torch.from_numpy(losses).float()[:, None], self.record['history'][:, :-1]], dim=1)
        self.set(history=history)
        return history[:, : known + 1].double().mean(1).numpy()
