import copy
from pathlib import Path
from typing import Dict, List, Optional

import numpy as np
import torch
from mmengine.dist import broadcast, is_main_process, master_only
from mmengine.hooks import Hook
from torch import Tensor

from ...files import replace_file
from ...functional.neighbour_consensus import hoc
from ...functional.transition_estimators import ESTIMATORS
from ...registry import HOOKS
from ..measures import image_features, noisy_posteriors
from ..model_parts import head_classes, transition_losses, unwrap
from ..preflight import epochs_are_counted, refuse, too_late
from ..restart import restart_training
from ..shared_sweep import shared_sweep
from ..sweep import Measure, precision, sweep, sweep_loader


@HOOKS.register_module()
class TransitionHook(Hook):
    """Estimates the noise transition matrix after a warm-up and sets it into every :class:`TransitionLoss`.

    During the warm-up T is the identity, so the network learns the noisy labels. Its predictions on the whole data set
    are averaged over the epochs ``begin .. end``: early ones know little, late ones have memorised labels, and the
    average is better calibrated than either. After epoch ``end`` T is estimated from them on rank 0, sent to all
    ranks, logged and written to ``transition_matrix.npy`` and ``.png`` in the work dir.

    ``'hoc'`` needs no predictions: T follows from the labels of each sample's two nearest neighbours by the network's features
    after epoch ``end`` (:mod:`mmnoisy.functional.neighbour_consensus`). On frozen features (:class:`mmnoisy.FeatureProbe`)
    nothing has to be learnt for it: ``begin=1, end=1``.

    With ``restart`` the network is then put back to its initial weights and the optimizer's state is cleared, as the
    paper trains anew with T; the learning rate schedule goes on. An EMA of the weights (EMAHook) is not put back.

    Until T is set, checkpoints hold the averaged predictions, (N, K) float32, and the initial weights.

    Args:
        estimator (str): ``'clusters'``, ``'confident_joint'``, ``'anchor'`` or ``'dual_t'``, see
            :mod:`mmnoisy.functional.transition_estimators`, or ``'hoc'``. Defaults to ``'clusters'``, the most exact one
            on small data.
        begin (int): First epoch whose predictions count, from 1. Defaults to 5.
        end (int): Last epoch of the warm-up. Defaults to 15.
        dataset (str): Predictions for the ``'train'`` set, or for ``'val'``, the held-out noisy labels, which were not
            trained on but are fewer. Defaults to ``'train'``.
        restart (bool): Train anew once T is set. Defaults to True.
        **options: More arguments of the estimator, such as ``percentile`` of ``'anchor'``.

    Raises:
        ValueError: Unknown estimator or data set, or a bad range of epochs; when training starts, a loop without
            epochs, a model without a TransitionLoss, or a checkpoint of other data.
    """

    priority = 'ABOVE_NORMAL'

    def __init__(
        self,
        estimator: str = 'clusters',
        begin: int = 5,
        end: int = 15,
        dataset: str = 'train',
        restart: bool = True,
        **options,
    ):
        known = [*ESTIMATORS, 'hoc']
        if estimator not in known:
            raise ValueError(f'TransitionHook: unknown estimator {estimator!r}. Known: {", ".join(known)}.')
        if dataset not in ('train', 'val'):
            raise ValueError(f"TransitionHook: dataset must be 'train' or 'val', not {dataset!r}.")
        if not 1 <= begin <= end:
            raise ValueError(f'TransitionHook: needs 1 <= begin <= end, not begin={begin} and end={end}.')
        self.estimator, self.options = estimator, options
        self.begin, self.end, self.dataset, self.restart = begin, end, dataset, restart
        self.posterior: Optional[Tensor] = None  # (N, K), sum over the epochs so far
        self.initial: Optional[dict] = None
        self._stashed = None

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        # Also called for load_from and test; before_train knows whether this run resumes.
        self._stashed = checkpoint.get('transition')

    def preflight(self, runner) -> List[str]:
        """What is wrong with the run for this hook."""
        problems = epochs_are_counted('TransitionHook', runner) + too_late('TransitionHook', 'end', self.end, runner)
        if not transition_losses(runner.model):
            problems.append(
                'TransitionHook: the model has no loss that takes a transition matrix. Use '
                'mmnoisy.ForwardCorrectionLoss, BackwardCorrectionLoss or ImportanceReweightingLoss.'
            )
        if self.dataset == 'val' and not runner.val_loop:
            problems.append("TransitionHook: dataset='val', but there is no val_dataloader: set dataset='train'.")
        return problems

    def before_train(self, runner) -> None:
        refuse(self.preflight(runner))
        if runner.epoch > self.end:
            return
        self._sweep = shared_sweep(runner)
        if self.dataset == 'val':
            self._loader = sweep_loader(runner, runner.val_dataloader.dataset)
        else:
            self._loader = self._sweep.loader(runner)
            begin = self.end if self.estimator == 'hoc' else self.begin
            self._sweep.announce(lambda epoch: begin <= epoch <= self.end)
        if runner._resume and self._stashed is not None:
            self._restore(self._stashed)
        elif self.restart:
            self.initial = copy.deepcopy(unwrap(runner.model).state_dict())
        self._stashed = None

    def before_train_epoch(self, runner) -> None:
        if not self.begin <= runner.epoch <= self.end:
            return
        if self.estimator == 'hoc':
            if runner.epoch == self.end:
                self._set(runner, self._from_neighbours(runner))
                self.initial = None
            return
        found = self._measure(runner, noisy_posteriors)
        self.posterior = found['posterior'] + (0 if self.posterior is None else self.posterior)
        if runner.epoch == self.end:
            self._set(runner, self._estimate(found['label']))
            self.posterior = self.initial = None

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        if self.posterior is not None or self.initial is not None:
            checkpoint['transition'] = dict(posterior=self.posterior, initial=self.initial)

    def _estimate(self, labels: Tensor) -> Tensor:
        """T, (K, K) float64, computed on rank 0 and equal on all ranks. Collective."""
        posterior = self.posterior.double().numpy()
        matrix = torch.zeros(posterior.shape[1], posterior.shape[1], dtype=torch.float64)
        if is_main_process():
            posterior = posterior / posterior.sum(1, keepdims=True)
            matrix = torch.as_tensor(ESTIMATORS[self.estimator](posterior, labels.numpy(), **self.options))
        broadcast(matrix)
        return matrix

    def _measure(self, runner, measure: Measure) -> Dict[str, Tensor]:
        if self.dataset == 'val':
            return sweep(runner.model, self._loader, measure, context=precision(runner))
        return self._sweep.run(runner, measure)

    def _from_neighbours(self, runner) -> Tensor:
        """T from features, (K, K) float64, computed on rank 0 and equal on all ranks. Collective."""
        features = self._measure(runner, image_features)['features']
        labels = np.asarray(self._loader.dataset.get_gt_labels())  # type: ignore[attr-defined]
        count = head_classes(unwrap(runner.model)) or int(labels.max()) + 1
        matrix = torch.zeros(count, count, dtype=torch.float64)
        if is_main_process():
            device = next(runner.model.parameters()).device
            matrix = torch.as_tensor(hoc(features.to(device), labels, count, **self.options))
        broadcast(matrix)
        return matrix

    def _set(self, runner, matrix: Tensor) -> None:
        if self.restart:
            restart_training(runner, self.initial)
        for loss in transition_losses(runner.model):
            loss.set_transition(matrix.numpy())
        self._report(runner, matrix.numpy())

    @master_only
    def _report(self, runner, matrix: np.ndarray) -> None:
        text = np.array2string(matrix, precision=3, suppress_small=True, max_line_width=200, threshold=400)
        runner.logger.info(
            f'TransitionHook: T estimated by {self.estimator!r} after epoch {self.end}'
            f'{", training starts anew" if self.restart else ""}:\n{text}'
        )
        path = Path(runner.work_dir) / 'transition_matrix.npy'
        with replace_file(path, 'wb') as file:
            np.save(file, matrix)
        plot_matrix(matrix, path.with_suffix('.png'), f'T by {self.estimator}')

    def _restore(self, saved: dict) -> None:
        posterior, self.initial = saved['posterior'], saved['initial']
        size = len(self._loader.dataset)  # type: ignore[arg-type]
        if posterior is not None and len(posterior) != size:
            raise ValueError(
                f'TransitionHook: the checkpoint to resume has predictions for {len(posterior)} samples, the data set '
                f'has {size}. Resume with the same data, or start anew.'
            )
        self.posterior = None if posterior is None else posterior.cpu()


def plot_matrix(matrix: np.ndarray, path, title: str) -> None:
    """Write a (K, K) matrix as an image, with numbers up to 20 classes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 5), layout='constrained')
    axes = figure.subplots()
    figure.colorbar(axes.imshow(matrix, vmin=0, vmax=1, cmap='Blues'))
    axes.set(title=title, xlabel='observed label', ylabel='clean class')
    if len(matrix) <= 20:
        for (row, column), value in np.ndenumerate(matrix):
            axes.text(
                column, row, f'{value:.2f}', ha='center', va='center', fontsize=7, color='w' if value > 0.5 else 'k'
            )
    with replace_file(path, 'wb') as file:
        figure.savefig(file, dpi=150)
