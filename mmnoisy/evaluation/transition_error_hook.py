from pathlib import Path
from typing import Dict, Optional

import numpy as np
import torch
from mmengine.dist import master_only
from mmengine.hooks import Hook
from torch import Tensor

from ..datasets.samples_file import given_labels
from ..engine.model_parts import transition_losses
from ..files import write_json
from ..functional.transition import transition_matrix
from ..registry import HOOKS


def transition_error(estimate: np.ndarray, clean: np.ndarray, noisy: np.ndarray) -> Dict[str, float]:
    """Distance of an estimated T (K, K) to the realised one.

    Args:
        estimate (np.ndarray): (K, K).
        clean (np.ndarray): True labels, (N,).
        noisy (np.ndarray): Observed labels, (N,).

    Returns:
        dict[str, float]: ``mean_absolute_error`` and ``max_absolute_error`` over the K * K entries.
    """
    error = np.abs(estimate - transition_matrix(clean, noisy, len(estimate)))
    return dict(mean_absolute_error=float(error.mean()), max_absolute_error=float(error.max()))


@HOOKS.register_module()
class TransitionErrorHook(Hook):
    """Logs how far a loss's T is from that of the training labels, each time T has changed.

    Nothing is measured where the true labels are unknown. The last values are in ``transition_error.json`` in the work
    dir. For evaluation alone: nothing in training reads them.
    """

    priority = 'LOW'

    def before_train(self, runner) -> None:
        self._last: Optional[Tensor] = None

    def after_train_epoch(self, runner) -> None:
        dataset = runner.train_dataloader.dataset
        losses = transition_losses(runner.model)
        if getattr(dataset, 'clean_labels', None) is None or not losses:
            return
        matrix = losses[0].transition
        if self._last is not None and torch.equal(matrix, self._last):
            return
        self._last = matrix.clone()
        self._write(
            runner, transition_error(matrix.cpu().double().numpy(), dataset.clean_labels, given_labels(dataset))
        )

    @master_only
    def _write(self, runner, errors: Dict[str, float]) -> None:
        epoch = runner.epoch + 1
        runner.logger.info(
            f'Epoch {epoch}: T has a mean absolute error of {errors["mean_absolute_error"]:.4f} (largest '
            f'{errors["max_absolute_error"]:.4f}) against the labels of the training set'
        )
        runner.visualizer.add_scalars({f'transition/{name}': value for name, value in errors.items()}, step=epoch)
        write_json(Path(runner.work_dir) / 'transition_error.json', dict(epoch=epoch, **errors))
