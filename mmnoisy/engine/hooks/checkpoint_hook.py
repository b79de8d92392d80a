import io
import logging
import os.path as osp
import time
from collections import deque
from pathlib import Path
from typing import Any, Optional, Sequence

import torch
from mmengine.dist import barrier, is_main_process, master_only
from mmengine.fileio import LocalBackend
from mmengine.hooks import CheckpointHook as MMEngineCheckpointHook
from mmengine.runner import IterBasedTrainLoop, Runner
from mmengine.runner.loops import BaseLoop

from ...files import link_file, remove_parts, replace_file, write_text
from ...registry import HOOKS
from ..checkpoints import build_checkpoint, checkpoint_folder, newest_complete


@HOOKS.register_module()
class CheckpointHook(MMEngineCheckpointHook):
    """mmengine's ``CheckpointHook`` with the same options, of which a killed run or a full disk loses nothing.

    A checkpoint is written beside its place, flushed to the disk and renamed; the one that it replaces is deleted only
    then. A best checkpoint and the last one are one file with two names (a hard link) where they are of the same epoch,
    so a best one has the optimizer too and can be resumed. The config's text is made once a run.

    Resuming without a named checkpoint takes the newest complete one of the work dir, by the time of writing, and says
    which; half-written files are skipped with a warning. With ``out_dir`` on a remote storage mmengine's rule holds.

    Args:
        min_seconds (float): With ``max_keep_ckpts=1``, where an epoch's file would only be replaced by the next, an epoch
            that ends sooner after the last file was written is not saved. The last epoch and each best one always are; what
            a resumed run repeats is the same to the bit. Defaults to 0: every ``interval``.
        **kwargs: See ``mmengine.hooks.CheckpointHook``.

    Raises:
        TypeError: An option that does not exist, or another runner than ``mmengine.runner.Runner``.
        ValueError: While training: ``save_best`` names no metric of the validation.
        OSError: While training: the disk is full. The earlier checkpoints are intact.
    """

    keep_ckpt_ids: Any  # mmengine's: steps of the kept checkpoints

    def __init__(self, interval: int = -1, min_seconds: float = 0.0, **kwargs):
        super().__init__(interval, **kwargs)
        if self.args:
            raise TypeError(f'CheckpointHook has no option {", ".join(map(repr, self.args))}.')
        self.min_seconds = min_seconds
        self._config: Optional[str] = None
        self._saved_at = float('-inf')
        self._unsaved = False

    # Hook points.

    def before_run(self, runner) -> None:
        # Also called for val and test.
        if not isinstance(runner._train_loop, BaseLoop):
            return
        if not isinstance(runner, Runner):
            raise TypeError(
                f"mmnoisy.CheckpointHook saves what mmengine's Runner trains, not a {type(runner).__name__}: set "
                "default_hooks.checkpoint.type='CheckpointHook'."
            )
        # RuntimeInfoHook has it already. A resumed run would find that of the checkpoint there later.
        self._config = runner.message_hub.get_info('cfg') or runner.cfg.pretty_text
        if runner._resume and runner._load_from is None and '://' not in str(self.out_dir):
            # mmengine reads the file that this writes.
            self._point_to_newest(runner)
            barrier()

    def before_train(self, runner) -> None:
        super().before_train(runner)
        self._saved_at = time.monotonic()
        if self.by_epoch and isinstance(runner.train_loop, IterBasedTrainLoop):
            runner.logger.warning(
                'The loop counts iterations, the checkpoint hook epochs: apart from best checkpoints only the end is saved. '
                'Set default_hooks.checkpoint.by_epoch=False and its interval in iterations.'
            )
        if is_main_process() and self._is_local():
            remove_parts(self.out_dir)

    def after_train_epoch(self, runner) -> None:
        if self.by_epoch:
            last = self.save_last and self.is_last_train_epoch(runner)
            self._save_if_due(runner, last, self.every_n_epochs(runner, self.interval, self.save_begin))

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if not self.by_epoch:
            last = self.save_last and self.is_last_train_iter(runner)
            self._save_if_due(runner, last, self.every_n_train_iters(runner, self.interval, self.save_begin))

    def after_train(self, runner) -> None:
        if self._unsaved and self.save_last:
            # Stopped early. The loop has counted what it did.
            self._save_checkpoint_with_step(
                runner, runner.epoch if self.by_epoch else runner.iter, dict(epoch=runner.epoch, iter=runner.iter)
            )
        super().after_train(runner)

    # What of mmengine's hook is done otherwise.

    def _save_if_due(self, runner, last: bool, due: bool) -> None:
        if not last and not due:
            return
        passed = time.monotonic() - self._saved_at
        if not last and self.max_keep_ckpts == 1 and passed < self.min_seconds:
            self._unsaved = True
            return
        count = f'{runner.epoch + 1} epochs' if self.by_epoch else f'{runner.iter + 1} iterations'
        runner.logger.info(f'Saving checkpoint at {count}')
        self._save_checkpoint(runner)

    def _save_checkpoint_with_step(self, runner, step: int, meta: dict, best: Sequence[str] = ()) -> None:
        name = self.filename_tmpl.format(step)
        kept: list = [] if self.max_keep_ckpts <= 0 else [*(old for old in self.keep_ckpt_ids if old != step), step]
        outdated, kept = kept[: -self.max_keep_ckpts], kept[-self.max_keep_ckpts :]
        if kept:
            # With those that are deleted below: a run killed before that finds them when it is resumed.
            runner.message_hub.update_info('keep_ckpt_ids', outdated + kept)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        # The best first: no checkpoint may name a best one that does not exist.
        self._write(runner, meta, [*best, name])
        for old in outdated:
            self._delete(self.filename_tmpl.format(old))
        if kept:
            self.keep_ckpt_ids = deque(kept, self.max_keep_ckpts)
            runner.message_hub.update_info('keep_ckpt_ids', kept)

    def _save_best_checkpoint(self, runner, metrics: dict) -> None:
        if not self.save_best:
            return
        if 'auto' in self.key_indicators:
            self._init_rule(self.rules, [list(metrics)[0]])
        step = runner.epoch if self.by_epoch else runner.iter
        names, outdated, messages = [], [], []
        for key in self.key_indicators:
            if not self._is_best(runner, key, metrics):
                continue
            score = metrics[key]
            name = f'best_{key}_{self.filename_tmpl.format(step)}'.replace('/', '_')
            outdated.append(self._set_best(runner, key, score, name))
            names.append(name)
            unit = 'epoch' if self.by_epoch else 'iter'
            messages.append(f'The best checkpoint with {score:0.4f} {key} at {step} {unit} is saved to {name}.')
        if not names:
            return
        meta = dict(epoch=runner.epoch, iter=runner.iter)
        if self.interval > 0:
            self._save_checkpoint_with_step(runner, step, meta, names)
        else:
            self._write(runner, meta, names)
        for old in {osp.basename(path) for path in outdated if path} - set(names):
            self._delete(old)
        for message in messages:
            runner.logger.info(message)

    # Private.

    def _is_best(self, runner, key: str, metrics: dict) -> bool:
        if key not in metrics:
            raise ValueError(f'CheckpointHook: save_best={key!r} is no metric of the validation: {", ".join(metrics)}.')
        best = runner.message_hub.get_info(self._info('best_score', key))
        if best is None:
            best = self.init_value_map[self.rules[self.key_indicators.index(key)]]
        return metrics[key] is not None and self.is_better_than[key](metrics[key], best)

    def _set_best(self, runner, key: str, score: float, name: str) -> Optional[str]:
        """Make a file the best one of a metric; returns the path of the last best one."""
        path = self.file_backend.join_path(self.out_dir, name)
        before = runner.message_hub.get_info(self._info('best_ckpt', key))
        runner.message_hub.update_info(self._info('best_score', key), score)
        runner.message_hub.update_info(self._info('best_ckpt', key), path)
        if len(self.key_indicators) == 1:
            self.best_ckpt_path = path
        else:
            self.best_ckpt_path_dict[key] = path
        return before

    def _info(self, name: str, key: str) -> str:
        return name if len(self.key_indicators) == 1 else f'{name}_{key}'

    def _write(self, runner, meta: dict, names: Sequence[str]) -> None:
        """Write a checkpoint under several names, in this order."""
        self._saved_at, self._unsaved = time.monotonic(), False
        if not is_main_process():
            return
        checkpoint = build_checkpoint(runner, meta, self._config, self.save_optimizer, self.save_param_scheduler)
        paths = [self.file_backend.join_path(self.out_dir, name) for name in names]
        if self._is_local():
            with replace_file(paths[0], 'wb') as file:
                torch.save(checkpoint, file)
            for path in paths[1:]:
                link_file(paths[0], path)
        else:
            content = io.BytesIO()
            torch.save(checkpoint, content)
            for path in paths:
                self.file_backend.put(content.getvalue(), path)
        write_text(Path(runner.work_dir) / 'last_checkpoint', paths[-1])

    @master_only
    def _delete(self, name: str) -> None:
        path = self.file_backend.join_path(self.out_dir, osp.basename(name))
        if self.file_backend.isfile(path):
            self.file_backend.remove(path)

    def _is_local(self) -> bool:
        return isinstance(getattr(self.file_backend, 'client', self.file_backend), LocalBackend)

    @master_only
    def _point_to_newest(self, runner) -> None:
        """Write the newest complete checkpoint into ``last_checkpoint``; remove that where there is none."""
        folder, pointer = checkpoint_folder(runner.work_dir, self.out_dir), Path(runner.work_dir) / 'last_checkpoint'
        path, skipped = newest_complete(folder, self.filename_tmpl)
        for problem in skipped:
            runner.logger.warning(f'A checkpoint is not resumed: {problem}.')
        if path is not None:
            runner.logger.info(f'Resuming from {path}, the newest complete checkpoint.')
            write_text(pointer, str(path))
            return
        lost = bool(skipped) or pointer.exists()
        pointer.unlink(missing_ok=True)
        runner.logger.log(
            logging.WARNING if lost else logging.INFO,
            f'There is no complete checkpoint to resume in {folder}: training starts at the beginning.',
        )
