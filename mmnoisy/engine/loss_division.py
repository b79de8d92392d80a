"""Dividing a training set by the losses of its samples: a mixture tells right labels from wrong ones."""

from functools import partial
from inspect import signature
from pathlib import Path
from typing import Dict, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.dist import broadcast, is_main_process
from torch import Tensor

from ..functional.mixtures import MIXTURES, MixtureFit, min_max
from .division_plot import plot_fit
from .measures import cross_entropies
from .shared_sweep import shared_sweep


def _check_options(owner: str, mixture: str, options: dict) -> None:
    allowed = list(signature(MIXTURES[mixture]).parameters)[1:]
    unknown = [name for name in options if name not in allowed]
    if unknown:
        raise ValueError(
            f'{owner}: mixture_options of {mixture!r} are {", ".join(allowed)}; there is no {", ".join(unknown)}.'
        )


class LossDivision:
    """Measures the losses of a training set, fits a mixture to them and reports it; hooks put the result to work.

    Args:
        owner (str): Who divides, for messages.
        networks (Sequence[str], optional): Names of the networks of a model of two; None for a model that is one.
        threshold (float): A label with ``p_clean`` above it counts as believed in reports. Defaults to 0.5.
        mixture (str): ``'bmm'`` or ``'gmm'``. Defaults to ``'bmm'``.
        mixture_options (dict, optional): Options of :func:`fit_bmm` or :func:`fit_gmm`.
        percentile (float): Losses below this percentile and above 100 minus it are cut off there, in [0, 50).
            Defaults to 0: none.
        per_class (bool): A fit for each observed class (of at least ten samples). Defaults to False.
        plot_interval (int): Divisions between two histograms in ``<work_dir>/division``; 0 for none. Defaults to 10.

    Raises:
        ValueError: An option out of range.
    """

    def __init__(
        self,
        owner: str,
        networks: Optional[Sequence[str]] = None,
        threshold: float = 0.5,
        mixture: str = 'bmm',
        mixture_options: Optional[dict] = None,
        percentile: float = 0.0,
        per_class: bool = False,
        plot_interval: int = 10,
    ):
        if mixture not in MIXTURES:
            raise ValueError(f'{owner}: mixture must be one of {", ".join(MIXTURES)}, not {mixture!r}.')
        if not 0 < threshold < 1 or not 0 <= percentile < 50:
            raise ValueError(
                f'{owner}: threshold must be in (0, 1) and percentile in [0, 50), not {threshold} and {percentile}.'
            )
        self.networks, self.threshold, self.percentile = networks, threshold, percentile
        _check_options(owner, mixture, mixture_options or {})
        self.mixture, self.mixture_options = mixture, dict(mixture_options or {})
        self.per_class, self.plot_interval = per_class, plot_interval

    def measure(self, runner, rows: Optional[Tensor] = None) -> np.ndarray:
        """Losses of each network with the test transforms, scaled to [0, 1]: (M, networks) float64. Collective.

        Args:
            runner (Runner): A run in training.
            rows (Tensor, optional): The M ``sample_idx`` to measure, ascending; all where None.
        """
        measure = partial(cross_entropies, networks=self.networks)
        losses = shared_sweep(runner).select(runner, measure, rows)['loss'].numpy()
        return np.stack([min_max(column, self.percentile) for column in losses.T], axis=1)

    def fit(self, runner, losses: np.ndarray, labels: Tensor, number: int) -> Tuple[Tensor, Dict[str, float]]:
        """Fit on rank 0 and report. Collective.

        Args:
            runner (Runner): A run in training.
            losses (np.ndarray): (M, networks), in [0, 1].
            labels (Tensor): Observed labels, (M,).
            number (int): Divisions of this run so far.

        Returns:
            tuple: ``p_clean``, (M, networks) float64, equal on all ranks; and what was found, ``net1_mean_small`` and
            so on, on rank 0 alone: it saves the checkpoints.
        """
        p_clean = torch.zeros(losses.shape, dtype=torch.float64)
        found = {}
        if is_main_process():
            for i, column in enumerate(losses.T):
                fit = self.fit_one(column)
                values = self.fit_classes(column, labels.numpy(), fit.p_clean) if self.per_class else fit.p_clean
                p_clean[:, i] = torch.from_numpy(values)
                found.update(self._report(runner, i + 1, fit, values))
                if self.plot_interval and number % self.plot_interval == 0:
                    self._plot(runner, i + 1, column, fit)
        broadcast(p_clean)
        return p_clean, found

    def fit_one(self, losses: np.ndarray) -> MixtureFit:
        """The mixture of scaled losses (M,)."""
        return MIXTURES[self.mixture](losses, **self.mixture_options)

    def fit_classes(self, losses: np.ndarray, labels: np.ndarray, overall: np.ndarray) -> np.ndarray:
        """``p_clean`` (M,) by a fit for each class; ``overall`` (M,) for those of fewer than ten samples."""
        p_clean = overall.copy()
        for label in np.unique(labels):
            members = np.flatnonzero(labels == label)
            if len(members) >= 10:
                p_clean[members] = self.fit_one(losses[members]).p_clean
        return p_clean

    def _report(self, runner, network: int, fit: MixtureFit, p_clean: np.ndarray) -> Dict[str, float]:
        share = float((p_clean > self.threshold).mean())
        values = dict(mean_small=fit.means[0], mean_large=fit.means[1], weight_small=fit.weights[0], labelled=share)
        epoch = runner.epoch + 1
        named = {f'net{network}_{name}': float(value) for name, value in values.items()}
        runner.visualizer.add_scalars({f'division/{name}': value for name, value in named.items()}, step=epoch)
        text = ', '.join(f'{name} {value:.3f}' for name, value in values.items())
        runner.logger.info(f'Epoch {epoch}: division by network {network}: {text}')
        return named

    @staticmethod
    def _plot(runner, network: int, losses: np.ndarray, fit: MixtureFit) -> None:
        folder, epoch = Path(runner.work_dir) / 'division', runner.epoch + 1
        folder.mkdir(parents=True, exist_ok=True)
        plot_fit(folder / f'epoch_{epoch}_net{network}.png', losses, fit, f'network {network}, epoch {epoch}')


def average_losses(losses: np.ndarray, history: Tensor, known: int) -> Tuple[np.ndarray, Tensor]:
    """The mean of the scaled losses with those of the last divisions, as many as there are.

    Args:
        losses (np.ndarray): Those of this division, (N, networks).
        history (Tensor): Those of the last ones, the newest first, (N, divisions, networks).
        known (int): How many divisions there have been.

    Returns:
        tuple: The mean, (N, networks) float64, and the history that begins with ``losses``.
    """
    history = torch.cat([torch.from_numpy(losses).float()[:, None], history[:, :-1]], dim=1)
    return history[:, : known + 1].double().mean(1).numpy(), history
