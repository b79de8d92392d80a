import numpy as np
from mmengine.hooks import Hook
from mmengine.runner.loops import BaseLoop

from ...datasets.identity import check_sample_index
from ...datasets.label_file import checksum
from ...registry import HOOKS
from ..model_parts import sample_state_losses, storage


@HOOKS.register_module(name=['LossStateHook', 'SampleStateHook'])
class LossStateHook(Hook):
    """Serves losses that keep something per sample (:class:`ELRLoss`, :class:`PENCILLoss`, :class:`SOPLoss`).

    Tells them the size of the training set, logs how large that makes them, gathers what the ranks learnt after each
    epoch, and refuses to resume with other data. Loading a checkpoint otherwise (``load_from``, test) leaves its
    per-sample state behind.

    What a loss learns for each sample (u and v of :class:`SOPLoss`) keeps its learning rate: each row is seen once an
    epoch, and with a rate that falls with the network's a wrong label is never absorbed (SOP's code has it constant).

    Args:
        constant_lr (bool): Keep the learning rate of learnt per-sample tensors whatever the schedule of the network is.
            Defaults to True.

    Raises:
        ValueError: Before training: no such loss in the model, a training set in which samples share a ``sample_idx`` or
            images stand twice, a loss made for fewer samples, or a checkpoint of other data to resume.
    """

    # Before anything that averages buffers over ranks: sweeps (SummaryHook, LOW) and SyncBuffersHook (NORMAL).
    priority = 'ABOVE_NORMAL'

    def __init__(self, constant_lr: bool = True):
        self.constant_lr = constant_lr
        self._groups = []

    def before_run(self, runner) -> None:
        # Also called for val and test, where no training set is built.
        if not isinstance(runner._train_loop, BaseLoop):
            return
        losses = sample_state_losses(runner.model)
        if not losses:
            raise ValueError(
                'LossStateHook: the model has no loss that keeps something per sample, such as mmnoisy.ELRLoss.'
            )
        dataset = runner.train_dataloader.dataset
        check_sample_index(dataset, 'LossStateHook')
        labels = dataset.get_gt_labels() if hasattr(dataset, 'get_gt_labels') else np.empty(0)
        self.data = dict(num_samples=len(dataset), labels=checksum(labels))
        for name, loss in losses.items():
            loss.set_num_samples(len(dataset))
            runner.logger.info(f'LossStateHook: {name} ({type(loss).__name__}) keeps {storage(loss)}.')

    def before_train(self, runner) -> None:
        learnt = {
            id(getattr(loss, name)) for loss in sample_state_losses(runner.model).values() for name in loss.sample_state
        }
        groups = [group for group in runner.optim_wrapper.param_groups if learnt & {id(p) for p in group['params']}]
        for group in groups:
            if self.constant_lr and not learnt >= {id(p) for p in group['params']}:
                raise ValueError(
                    'LossStateHook: the tensors that a loss learns by sample share a group of the optimizer with other '
                    "parameters: give them one by optim_wrapper.paramwise_cfg=dict(custom_keys={'loss_module.u': ...})."
                )
        self._groups = groups if self.constant_lr else []

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        # After the schedulers of the last iteration and epoch, which go by the value that they find.
        for group in self._groups:
            group['lr'] = group.get('initial_lr', group['lr'])

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        if not (runner._resume and isinstance(runner._train_loop, BaseLoop)):
            for name, loss in sample_state_losses(runner.model).items():
                for state in loss.sample_state:
                    checkpoint['state_dict'].pop(f'{name}.{state}', None)
            return
        saved = checkpoint.get('sample_state', self.data)
        if saved['num_samples'] != self.data['num_samples']:
            raise ValueError(
                f'The losses in the checkpoint know {saved["num_samples"]} samples, the training set has '
                f'{self.data["num_samples"]}. Resume with the same data, or start anew.'
            )
        if saved['labels'] != self.data['labels']:
            raise ValueError(
                'The losses in the checkpoint were trained with other labels: resume with the same noise, seed and '
                'split, or start anew.'
            )

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        checkpoint['sample_state'] = dict(self.data)

    def after_train_epoch(self, runner) -> None:
        for loss in sample_state_losses(runner.model).values():
            loss.gather()
