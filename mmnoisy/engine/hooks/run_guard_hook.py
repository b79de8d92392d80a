import os.path as osp
import zipfile
from typing import Optional

import torch
from mmengine.dist import broadcast_object_list, get_world_size, is_main_process, master_only
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner.loops import BaseLoop

from ...datasets.label_file import checksum
from ...folder_lock import hold_folder, release_folder
from ...registry import HOOKS
from ..checkpoints import NEEDED, checkpoint_folder, disarm


@HOOKS.register_module()
class RunGuardHook(Hook):
    """Guards a run's folder and what is read from checkpoints.

    - Another process that trains into the same ``work_dir`` is refused.
    - A checkpoint is refused that cannot be read without executing code in it, and what mmengine would execute or delete on
      its word is taken out (:func:`mmnoisy.engine.checkpoints.disarm`).
    - A run resumes with the labels and the split that it began with; another number of ranks or batch size is named in a
      warning, as the result is another one then.

    Raises:
        RuntimeError: Before training: another process trains into the folder.
        ValueError: Before training: one of the others.
    """

    # The lock comes before whatever changes the folder.
    priority = 'VERY_HIGH'

    def __init__(self):
        self._saved: Optional[dict] = None

    def before_run(self, runner) -> None:
        if runner._load_from is not None and osp.isfile(runner._load_from):
            _check_file(runner._load_from, NEEDED if runner._resume else ())
            if runner._resume:
                runner.logger.info(f'Resuming from {runner._load_from}.')
        # Also called for val and test.
        if isinstance(runner._train_loop, BaseLoop):
            self._lock(runner)

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        hook = next((hook for hook in runner.hooks if isinstance(hook, CheckpointHook)), None)
        folder = checkpoint_folder(runner.work_dir, getattr(hook, 'out_dir', None))
        for dropped in disarm(checkpoint, folder, getattr(hook, 'filename_tmpl', None)):
            if runner._resume:
                runner.logger.warning(f'Not taken from the checkpoint: {dropped}.')
        _check_weights(runner, checkpoint)
        self._saved = checkpoint.get('run')

    def before_train(self, runner) -> None:
        loader = runner.train_dataloader
        self._run = _run_facts(loader)
        if runner._resume and self._saved is not None:
            self._compare(runner, self._saved)
        self._saved = None

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        checkpoint['run'] = dict(self._run)

    def after_run(self, runner) -> None:
        self._release(runner)

    def _compare(self, runner, saved: dict) -> None:
        if any(saved.get(key) != self._run[key] for key in ('num_samples', 'labels')):
            raise ValueError(
                f'The checkpoint to resume was trained with other labels or another split: on {saved.get("num_samples")} '
                f'samples, the training set has {self._run["num_samples"]}. Resume with the same data, noise, seed '
                '(--noise-seed) and holdout, or start anew.'
            )
        changed = [
            f'{saved.get(key)} -> {self._run[key]} {words}'
            for key, words in (('world_size', 'rank(s)'), ('batch_size', 'samples a batch of a rank'))
            if saved.get(key) != self._run[key]
        ]
        if changed:
            runner.logger.warning(
                f'The run goes on otherwise than it began: {", ".join(changed)}. A step has another number of samples, and '
                'the learning rate stays as it was: the result is not that of an unbroken run.'
            )

    def _lock(self, runner) -> None:
        owner = [hold_folder(runner.work_dir) if is_main_process() else '']
        broadcast_object_list(owner)
        if owner[0]:
            raise RuntimeError(
                f'Another run trains into {runner.work_dir}: {owner[0]}. Wait for its end, or use another --work-dir.'
            )

    @master_only
    def _release(self, runner) -> None:
        release_folder(runner.work_dir)


def _run_facts(loader) -> dict:
    """What must be equal when a run is resumed."""
    get_labels, masks = (getattr(loader.dataset, name, None) for name in ('get_gt_labels', 'gt_masks'))
    labels = get_labels() if get_labels else None if masks is None else masks.ravel()
    return dict(
        num_samples=len(loader.dataset),
        labels=None if labels is None else checksum(labels),
        world_size=get_world_size(),
        batch_size=loader.batch_size,
    )


def _check_file(path: str, needed) -> None:
    """Refuse a checkpoint that only unsafe unpickling can read: OneDL's mmengine would fall back to it.

    Raises:
        ValueError: The file is no checkpoint, or holds more than tensors and plain values.
    """
    try:
        checkpoint = torch.load(path, map_location='cpu', weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:
        reason = str(error).split('. ')[0].splitlines()
        raise ValueError(
            f'The checkpoint {path} cannot be read safely, and nothing of it was executed '
            f'({type(error).__name__}: {reason[0] if reason else ""}). It is damaged, no checkpoint, or holds Python objects '
            'other than tensors and plain values.'
        ) from error
    if not isinstance(checkpoint, dict):
        raise ValueError(
            f'The checkpoint {path} holds a {type(checkpoint).__name__}, no weights: name one that a run wrote.'
        )
    missing = [key for key in needed if key not in checkpoint]
    if missing:
        raise ValueError(
            f'The checkpoint {path} has no {" and no ".join(missing)}: a run cannot go on from it. To start from its weights '
            'use load_from in place of --resume.'
        )


def _check_weights(runner, checkpoint: dict) -> None:
    """Refuse weights of which none is the model's: mmengine would go on with random ones.

    Raises:
        ValueError: No name is shared.
    """
    saved = checkpoint.get('state_dict', checkpoint)
    known = {name.removeprefix('module.') for name in runner.model.state_dict()}
    if isinstance(saved, dict) and known and not known & {str(name).removeprefix('module.') for name in saved}:
        raise ValueError(
            f'The checkpoint {runner._load_from} has no weight of the model: its first is {next(iter(saved), None)!r}, the '
            f"model's is {min(known)!r}. Name a checkpoint of this model in load_from."
        )
