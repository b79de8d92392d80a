from functools import partial
from pathlib import Path
from typing import Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.dist import broadcast, is_main_process
from torch import Tensor

from ...functional.mixtures import MIXTURES, MixtureFit, min_max
from ...models.classifiers.semi_supervised import SemiSupervisedClassifier
from ...registry import HOOKS
from ...stamps import Division, sample_indices, write_division
from ..division_plot import plot_fit
from ..measures import cross_entropies
from ..model_parts import unwrap
from ..sample_record import Column, SampleRecordHook
from ..streams import division_age, warn_empty
from ..sweep import sweep, sweep_loader


@HOOKS.register_module()
class LossMixtureHook(SampleRecordHook):
    """Stamps the probability that a label is right, from a mixture fitted to the losses of all samples.

    `Unsupervised Label Noise Modeling and Loss Correction <https://arxiv.org/abs/1904.11238>`_. Before each epoch after
    the warm-up the cross entropies of the training set (test transforms) are scaled to [0, 1] and a mixture of two
    components is fitted to them. The posterior of the smaller one is ``p_clean``; it is stamped onto the data samples,
    all of which stay ``labelled``. In the warm-up nothing is stamped: every label is believed. For models that use it, such as
    :class:`mmnoisy.SemiSupervisedClassifier` with a :class:`mmnoisy.BootstrappingStep`.

    Writes ``samples.csv`` with ``p_clean`` as the score. The means of the components, the weight of the first and the
    share of labels believed are logged and saved with the record.

    Args:
        warmup_epochs (int): Epochs in which every label is believed, >= 1.
        threshold (float): A label with ``p_clean`` up to it counts as an issue, in (0, 1). Defaults to 0.5.
        mixture (str): ``'bmm'`` (Beta mixture, the paper's) or ``'gmm'``. Defaults to ``'bmm'``.
        mixture_options (dict, optional): Options of :func:`fit_bmm` or :func:`fit_gmm`.
        percentile (float): Losses below this percentile and above 100 minus it are cut off there, in [0, 50).
            Defaults to 0: none.
        per_class (bool): A fit for each observed class (of at least ten samples). Defaults to False.
        plot_interval (int): Epochs between two histograms in ``<work_dir>/division``; 0 for none. Defaults to 10.
        **kwargs: See :class:`SampleRecordHook`.

    Raises:
        ValueError: An option out of range.
        TypeError: Before training: a model that would ignore ``p_clean``.
    """

    columns = dict(p_clean=Column((1,), reduce=None))
    #: Names of the networks of a model of two; None for a model that is one network.
    networks: Optional[Sequence[str]] = None
    #: The kind of model that uses the stamps.
    model_type = SemiSupervisedClassifier

    def __init__(
        self,
        warmup_epochs: int,
        threshold: float = 0.5,
        mixture: str = 'bmm',
        mixture_options: Optional[dict] = None,
        percentile: float = 0.0,
        per_class: bool = False,
        plot_interval: int = 10,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if mixture not in MIXTURES:
            raise ValueError(f'{self.name}: mixture must be one of {", ".join(MIXTURES)}, not {mixture!r}.')
        if warmup_epochs < 1 or not 0 < threshold < 1 or not 0 <= percentile < 50:
            raise ValueError(
                f'{self.name}: warmup_epochs must be >= 1, threshold in (0, 1) and percentile in [0, 50), not '
                f'{warmup_epochs}, {threshold} and {percentile}.'
            )
        self.warmup_epochs, self.threshold, self.percentile = warmup_epochs, threshold, percentile
        self.mixture, self.mixture_options, self.per_class = mixture, dict(mixture_options or {}), per_class
        self.plot_interval = plot_interval
        #: ``p_clean`` and ``labelled``, (N, networks) each, to stamp; None where nothing is.
        self._division: Optional[Tuple[Tensor, Tensor]] = None
        #: Networks that learn in this epoch.
        self.active: Tuple[int, ...] = (0, 1)
        #: ``sample_idx`` of the M samples that this epoch measures, ascending; None for all.
        self._rows: Optional[Tensor] = None

    def score(self) -> Optional[Tensor]:
        """Mean of the networks' ``p_clean``, (N,); None in warm-up."""
        return self.record['p_clean'].mean(1) if self.scalars.get('divisions') else None

    def issues(self) -> Tensor:
        """(N,) bool: not believed, on average over the networks."""
        return self.score() <= self.threshold

    def before_train(self, runner) -> None:
        super().before_train(runner)
        model = unwrap(runner.model)
        if not isinstance(model, self.model_type):
            raise TypeError(
                f'{type(self).__name__} stamps p_clean for a model of type mmnoisy.{self.model_type.__name__}, '
                f'{type(model).__name__} would ignore it.'
            )
        self._labels = torch.as_tensor(self.dataset.get_gt_labels())
        self._loader = sweep_loader(runner)

    def before_train_epoch(self, runner) -> None:
        super().before_train_epoch(runner)
        self.apply(runner, self.divide(runner) if runner.epoch >= self.warmup_epochs else None)

    def apply(self, runner, p_clean: Optional[Tensor]) -> None:
        """Put ``p_clean``, (N, networks) float64, to work in this epoch; None in the warm-up."""
        if p_clean is None:
            return
        warn_empty(p_clean > self.threshold, self._labels, int(self._labels.max()) + 1, runner.logger)
        self._division = p_clean.float(), torch.ones_like(p_clean, dtype=torch.bool)

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if self._division is None:
            return
        samples = data_batch['data_samples']
        p_clean, labelled = (column[sample_indices(samples)] for column in self._division)
        age = division_age(runner, batch_idx, self.warmup_epochs)
        write_division(samples, Division(p_clean, labelled, age, self.active))

    def divide(self, runner) -> Tensor:
        """Measure, fit and record ``p_clean``, (N, networks) float64. Collective."""
        p_clean = self._fit(runner, self.scaled_losses(runner))
        if self._rows is not None:
            p_clean = self.record['p_clean'].to(p_clean).index_copy(0, self._rows, p_clean)
        self.set(p_clean=p_clean)
        self.scalars['divisions'] = self.scalars.get('divisions', 0) + 1
        return p_clean

    def scaled_losses(self, runner) -> np.ndarray:
        """Losses of each network on this epoch's samples, scaled to [0, 1]: (M, networks) float64. Collective."""
        measure = partial(cross_entropies, networks=self.networks)
        losses = sweep(runner.model, self._loader, measure, self._rows)['loss'].numpy()
        return np.stack([min_max(column, self.percentile) for column in losses.T], axis=1)

    def _fit(self, runner, losses: np.ndarray) -> Tensor:
        """``p_clean`` of each network, (M, networks), fitted on rank 0."""
        p_clean = torch.zeros(losses.shape, dtype=torch.float64)
        if is_main_process():
            for i, column in enumerate(losses.T):
                fit = self.fit(column)
                p_clean[:, i] = torch.from_numpy(self._per_class_fit(column, fit) if self.per_class else fit.p_clean)
                self._report(runner, i + 1, column, fit, p_clean[:, i])
        broadcast(p_clean)
        return p_clean

    def fit(self, losses: np.ndarray) -> MixtureFit:
        """The mixture of scaled losses (M,)."""
        if losses.max() == losses.min():
            # Nothing tells the samples apart: believe all.
            ones = np.ones_like(losses)
            return MixtureFit(ones, np.full(2, losses[0]), np.full(2, 1e-3), np.array([1.0, 0.0]))
        return MIXTURES[self.mixture](losses, **self.mixture_options)

    def _per_class_fit(self, losses: np.ndarray, overall: MixtureFit) -> np.ndarray:
        p_clean, labels = overall.p_clean.copy(), self._epoch_labels().numpy()
        for label in np.unique(labels):
            members = np.flatnonzero(labels == label)
            if len(members) >= 10:
                p_clean[members] = self.fit(losses[members]).p_clean
        return p_clean

    def _epoch_labels(self) -> Tensor:
        """Observed labels of this epoch's samples, (M,)."""
        return self._labels if self._rows is None else self._labels[self._rows]

    def _report(self, runner, network: int, losses: np.ndarray, fit: MixtureFit, p_clean: Tensor) -> None:
        share = (p_clean > self.threshold).double().mean().item()
        values = dict(mean_small=fit.means[0], mean_large=fit.means[1], weight_small=fit.weights[0], labelled=share)
        epoch = runner.epoch + 1
        named = {f'net{network}_{name}': float(value) for name, value in values.items()}
        # Into the checkpoint, which rank 0 saves.
        self.scalars.update(named)
        runner.visualizer.add_scalars({f'division/{name}': value for name, value in named.items()}, step=epoch)
        text = ', '.join(f'{name} {value:.3f}' for name, value in values.items())
        runner.logger.info(f'Epoch {epoch}: division by network {network}: {text}')
        if self.plot_interval and (runner.epoch - self.warmup_epochs) % self.plot_interval == 0:
            folder = Path(runner.work_dir) / 'division'
            folder.mkdir(parents=True, exist_ok=True)
            plot_fit(folder / f'epoch_{epoch}_net{network}.png', losses, fit, f'network {network}, epoch {epoch}')
