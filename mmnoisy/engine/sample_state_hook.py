from typing import Dict, List

from mmengine.hooks import Hook
from mmengine.runner.loops import BaseLoop
from torch import nn

from ..models.losses.sample_state_loss import SampleStateLoss
from ..registry import HOOKS
from .sweep import unwrap


def sample_state_losses(model: nn.Module) -> Dict[str, SampleStateLoss]:
    """``{name: loss}``: every loss below ``model`` that keeps something per sample."""
    return {name: module for name, module in unwrap(model).named_modules() if isinstance(module, SampleStateLoss)}


@HOOKS.register_module()
class SampleStateHook(Hook):
    """Serves losses that keep something per sample (:class:`ELRLoss`, :class:`SOPLoss`).

    Tells them the size of the training set, gathers what the ranks learnt after each epoch, and refuses to resume with
    other data. Loading a checkpoint otherwise (``load_from``, test) leaves its per-sample state behind.

    Raises:
        ValueError: Before training: no such loss in the model, a loss made for another number of samples, or a
            checkpoint of another number of samples to resume.
    """

    # Before anything that averages buffers over ranks: sweeps (SummaryHook, LOW) and SyncBuffersHook (NORMAL).
    priority = 'ABOVE_NORMAL'

    def before_run(self, runner) -> None:
        # Also called for val and test, where no training set is built.
        if not isinstance(runner._train_loop, BaseLoop):
            return
        losses = sample_state_losses(runner.model)
        if not losses:
            raise ValueError('SampleStateHook: the model has no loss that keeps something per sample, such as mmnoisy.ELRLoss.')
        for loss in losses.values():
            loss.set_num_samples(len(runner.train_dataloader.dataset))

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        resumes = runner._resume and isinstance(runner._train_loop, BaseLoop)
        for key, expected in self._keys(runner):
            saved = checkpoint['state_dict'].get(key)
            if not resumes:
                checkpoint['state_dict'].pop(key, None)
            elif saved is not None and len(saved) != expected:
                raise ValueError(f'The checkpoint to resume has {key} of {len(saved)} samples, the training set has {expected}. '
                                 'Resume with the same data, or start anew.')

    def after_train_epoch(self, runner) -> None:
        for loss in sample_state_losses(runner.model).values():
            loss.gather()

    @staticmethod
    def _keys(runner) -> List[tuple]:
        return [(f'{name}.{state}', len(getattr(loss, state)))
                for name, loss in sample_state_losses(runner.model).items() for state in loss.sample_state]
