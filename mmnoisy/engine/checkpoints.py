"""Checkpoints: what goes into one, whether one is complete, and what of one can be trusted."""

import logging
import os.path as osp
import pickle
import re
import time
import zipfile
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

import mmengine
import torch
from mmengine.logging import HistoryBuffer, print_log
from mmengine.model import is_model_wrapper
from mmengine.runner.checkpoint import weights_to_cpu
from mmengine.utils import apply_to, get_git_hash

#: What a checkpoint must have for a run to go on from it.
NEEDED = ('meta', 'state_dict', 'message_hub', 'optimizer')


def build_checkpoint(runner, meta: dict, config: str, optimizer: bool = True, schedulers: bool = True) -> dict:
    """What ``Runner.save_checkpoint`` writes, without its formatting the config anew in each.

    Of the logged scalars only as many values are kept as the log averages over; nothing else reads them after a resume.

    Args:
        runner (Runner): The runner.
        meta (dict): ``epoch`` and ``iter``, the numbers of those that are done.
        config (str): The run's config as text.
        optimizer (bool): Whether to save the optimizer. Defaults to True.
        schedulers (bool): Whether to save the parameter schedulers. Defaults to True.
    """
    meta = dict(
        meta,
        cfg=config,
        seed=runner.seed,
        experiment_name=runner.experiment_name,
        time=time.strftime('%Y%m%d_%H%M%S', time.localtime()),
        mmengine_version=mmengine.__version__ + get_git_hash(),
    )
    if hasattr(runner.train_dataloader.dataset, 'metainfo'):
        meta['dataset_meta'] = runner.train_dataloader.dataset.metainfo
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    hub = runner.message_hub.state_dict()
    hub['log_scalars'] = _shortened(hub['log_scalars'], runner.log_processor)
    checkpoint = dict(meta=meta, state_dict=weights_to_cpu(model.state_dict()), message_hub=_to_cpu(hub))
    if optimizer:
        checkpoint['optimizer'] = _to_cpu(runner.optim_wrapper.state_dict())
    if schedulers and runner.param_schedulers is not None:
        checkpoint['param_schedulers'] = _scheduler_states(runner.param_schedulers)
    runner.call_hook('before_save_checkpoint', checkpoint=checkpoint)
    return checkpoint


def checkpoint_folder(work_dir, out_dir=None) -> Path:
    """Where a run's checkpoints are, by mmengine's rule: the work dir, or the folder of its name in ``out_dir``."""
    if out_dir is None or str(out_dir) == str(work_dir):
        return Path(work_dir)
    return Path(out_dir) / osp.basename(str(work_dir).rstrip(osp.sep))


def resume_newest(cfg) -> None:
    """Let a config go on from the newest complete checkpoint of its work dir; where there is none it starts as it says.

    For use before the runner is built, on every rank: none is written before all of them are past it.
    """
    hook = cfg.get('default_hooks', {}).get('checkpoint') or {}
    path, skipped = newest_complete(checkpoint_folder(cfg.work_dir, hook.get('out_dir')), hook.get('filename_tmpl'))
    for problem in skipped:
        print_log(f'A checkpoint is not resumed: {problem}.', level=logging.WARNING)
    cfg.resume = path is not None
    if path is not None:
        cfg.load_from = str(path)


def problem_of(path, needed: Sequence[str] = NEEDED) -> Optional[str]:
    """Why a run cannot go on from a file; None where it can. Nothing in the file is executed."""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            return f'{damaged} in it is damaged'
        checkpoint = torch.load(path, map_location='cpu', weights_only=True, mmap=True)
    except zipfile.BadZipFile:
        return 'it is half written or damaged'
    except (OSError, EOFError, RuntimeError, ValueError, TypeError, KeyError, pickle.UnpicklingError) as error:
        return str(error).splitlines()[0] if str(error) else type(error).__name__
    missing = [key for key in needed if not isinstance(checkpoint, dict) or key not in checkpoint]
    return f'it has no {" and no ".join(missing)}' if missing else None


def newest_complete(
    folder, template: Optional[str] = None, needed: Sequence[str] = NEEDED
) -> Tuple[Optional[Path], List[str]]:
    """The newest checkpoint that a run can go on from.

    Args:
        folder (str | Path): The run's folder.
        template (str, optional): Name of a checkpoint, such as ``'epoch_{}.pth'``; ``best_<metric>_epoch_<n>.pth`` count
            too. Defaults to None: epochs and iterations.
        needed (Sequence[str]): What it must have. Defaults to all that a resumed run uses.

    Returns:
        tuple[Path | None, list[str]]: The checkpoint, and what is wrong with each newer one.
    """
    if not Path(folder).is_dir():
        return None, []
    found = [path for path in Path(folder).iterdir() if _is_checkpoint(path.name, template) and path.is_file()]
    skipped = []
    # A best and a last that are one file have one time: the name of the last comes first.
    for path in sorted(found, key=lambda path: (-path.stat().st_mtime_ns, path.name.startswith('best_'))):
        problem = problem_of(path, needed)
        if problem is None:
            return path, skipped
        skipped.append(f'{path}: {problem}')
    return None, skipped


def disarm(checkpoint: dict, folder, template: Optional[str] = None) -> List[str]:
    """Take out of a checkpoint what mmengine would execute or delete.

    ``Runner.resume`` evaluates ``meta['config']`` as Python (checkpoints of mmengine < 0.2 have it). ``CheckpointHook``
    deletes the file that ``best_ckpt`` names when a better one is found, and those of ``keep_ckpt_ids``: of the former the
    name alone is kept, as that of a file in ``folder``, and of the latter integers.

    Args:
        checkpoint (dict): Changed in place.
        folder (str | Path): Where the run's checkpoints are.
        template (str, optional): Name of a checkpoint. Defaults to None: of epochs and iterations.

    Returns:
        list[str]: What was taken out, in words.
    """
    dropped = []
    if isinstance(checkpoint.get('meta'), dict) and checkpoint['meta'].pop('config', None) is not None:
        dropped.append("meta['config'], which mmengine would execute")
    hub = checkpoint.get('message_hub')
    info = hub.get('runtime_info') if isinstance(hub, dict) else None
    if not isinstance(info, dict):
        return dropped
    for key in [key for key in info if str(key) == 'best_ckpt' or str(key).startswith('best_ckpt_')]:
        own = _own_best(info[key], Path(folder), template)
        if own is None and info[key] is not None:
            dropped.append(f'{key}={str(info[key])!r}, which is no checkpoint of {folder}: it is left alone')
        info[key] = own
    kept = info.get('keep_ckpt_ids')
    if kept is not None and not (isinstance(kept, list) and all(type(step) is int for step in kept)):
        dropped.append(f'keep_ckpt_ids={kept!r}, which are no numbers')
        info['keep_ckpt_ids'] = []
    return dropped


def _own_best(path, folder: Path, template: Optional[str]) -> Optional[str]:
    """The best checkpoint in ``folder`` with the name of ``path``; also of a run whose folder was moved."""
    name = osp.basename(path) if isinstance(path, str) else ''
    own = folder / name
    return str(own) if name.startswith('best_') and _is_checkpoint(name, template) and own.is_file() else None


def _is_checkpoint(name: str, template: Optional[str]) -> bool:
    number = r'(epoch|iter)_\d+\.pth' if template is None else re.escape(template).replace(r'\{\}', r'\d+')
    return re.fullmatch(f'(best_.+_)?{number}', name) is not None


def _to_cpu(state):
    return apply_to(state, lambda value: hasattr(value, 'cpu'), lambda value: value.cpu())


def _scheduler_states(schedulers):
    if isinstance(schedulers, dict):
        return {name: [scheduler.state_dict() for scheduler in group] for name, group in schedulers.items()}
    return [scheduler.state_dict() for scheduler in schedulers]


def _shortened(scalars: dict, log_processor) -> dict:
    """The last values of each logged scalar: as many as the widest window of the log, all where one has no fixed width."""
    windows = [cfg.get('window_size', cfg.get('method_name') == 'current') for cfg in log_processor.custom_cfg]
    windows.append(log_processor.window_size)
    if not all(isinstance(window, int) and window > 0 for window in windows):
        return scalars
    length = max(windows)
    return {
        name: HistoryBuffer(*(history[-length:] for history in buffer.data), max_length=buffer.max_length)
        for name, buffer in scalars.items()
    }
