"""What several tests share: a small run on digits, and two processes."""

import atexit
import copy
import functools
import gc
import multiprocessing
import multiprocessing.connection
import os
import socket
import traceback
import uuid
from pathlib import Path

import torch
import torch.distributed
from mmengine.config import Config
from mmengine.logging import MessageHub, MMLogger
from mmengine.runner import Runner
from mmengine.visualization import Visualizer
from torch import nn

import mmnoisy  # noqa: F401
from mmnoisy.engine.model_parts import unwrap

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = ROOT / 'configs'
_RANKS = []


@functools.cache
def _parse(path: Path) -> Config:
    return Config.fromfile(path)


def load_config(name) -> Config:
    """A copy of the config of this name below ``configs/``; the file is parsed once in a process."""
    return copy.deepcopy(_parse(CONFIGS / name))


def digits_cfg(work_dir, base='ce/ce_cnn3_60e_digits-sym40.py', epochs=2, channels=(4, 8, 8), **overrides) -> Config:
    """A digits config that trains in about a second: few epochs, a narrow CNN3, every checkpoint kept.

    Args:
        work_dir (str | Path): The run's folder.
        base (str): Config below ``configs/``. Its backbone(s) are narrowed only where the model has one ``backbone``.
        epochs (int): Epochs to train.
        channels (Sequence[int], optional): Widths of CNN3; None leaves the model as it is.
        **overrides: More entries as in ``--cfg-options``; write ``__`` for the dots of nested keys:
            ``train_dataloader__batch_size=32``.
    """
    cfg = load_config(base)
    cfg.work_dir = str(work_dir)
    cfg.merge_from_dict(
        {
            'train_cfg.max_epochs': epochs,
            'default_hooks.checkpoint': dict(interval=1, max_keep_ckpts=-1),
            'visualizer.vis_backends': [dict(type='LocalVisBackend')],
            'log_level': 'WARNING',
        }
    )
    if channels is not None and 'backbone' in cfg.model:
        cfg.model.backbone.channels = tuple(channels)
        cfg.model.head.in_channels = channels[-1]
    cfg.merge_from_dict({key.replace('__', '.'): value for key, value in overrides.items()})
    return cfg


def train_only(cfg: Config) -> Config:
    """The config without validation, test and sweeps."""
    for part in ('val', 'test'):
        cfg[f'{part}_dataloader'] = cfg[f'{part}_evaluator'] = cfg[f'{part}_cfg'] = None
    cfg.default_hooks.summary.train_interval = 0
    return cfg


def clear_globals() -> None:
    """Forget mmengine's message hubs, loggers and visualizers of earlier runs."""
    for manager in (MessageHub, MMLogger, Visualizer):
        manager._instance_dict.clear()


def build_runner(cfg: Config) -> Runner:
    """A Runner that shares no global state with earlier ones."""
    clear_globals()
    cfg = cfg.copy()
    cfg.experiment_name = f'test_{uuid.uuid4().hex}'
    return Runner.from_cfg(cfg)


def train(cfg: Config) -> Runner:
    """Train in this process; returns the runner."""
    runner = build_runner(cfg)
    runner.train()
    return runner


def train_still(cfg: Config) -> Runner:
    """Run a config with a learning rate of 0 and BatchNorm that learns nothing: what hooks find in the first network."""
    cfg = cfg.copy()
    cfg.optim_wrapper.optimizer.lr = 0.0
    runner = build_runner(cfg)
    for module in unwrap(runner.model).modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.0
    runner.train()
    return runner


def _serve(rank, port, pipe):
    """Main of a rank: run what comes through the pipe until it closes."""
    address = dict(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE='2', **address)
    torch.set_num_threads(1)
    gc.freeze()  # as in conftest.py
    torch.distributed.init_process_group('gloo')
    while True:
        try:
            fn, args = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send((True, fn(*args)))
        except Exception:
            pipe.send((False, traceback.format_exc()))


def _start_ranks() -> list:
    """Two processes, as (process, pipe): started once, as importing the stack takes longer than a test."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context('spawn')
    ranks = []
    for rank in range(2):
        here, there = context.Pipe()
        process = context.Process(target=_serve, args=(rank, port, there), daemon=True)
        process.start()
        there.close()
        ranks.append((process, here))
    return ranks


def _stop_ranks() -> None:
    while _RANKS:
        process, pipe = _RANKS.pop()
        pipe.close()
        process.kill()
        process.join()


def run_two_ranks(fn, *args, timeout: float = 300) -> list:
    """Run ``fn(*args)`` in two gloo processes and return the two results, rank 0 first.

    ``fn`` is a function at the top level of a test module; its arguments and its result are what pickle can hold
    (tensors, configs, plain values). An error of a rank is raised here with its traceback. A config's run inside
    ``fn`` is ``train(ddp(cfg))``.
    """
    if not _RANKS:
        _RANKS.extend(_start_ranks())
        atexit.register(_stop_ranks)
    pipes = [pipe for _, pipe in _RANKS]
    for pipe in pipes:
        pipe.send((fn, args))
    results = {}
    while len(results) < 2:
        ready = multiprocessing.connection.wait([pipe for pipe in pipes if pipe not in results], timeout)
        try:
            answers = {pipe: pipe.recv() for pipe in ready}
        except EOFError:
            answers = {None: (False, 'a rank died')}
        failed = [text for ok, text in answers.values() if not ok]
        if failed or not ready:
            _stop_ranks()  # The other rank may wait in a collective for ever.
            raise RuntimeError(failed[0] if failed else f'no answer from the ranks in {timeout} s')
        results.update({pipe: value for pipe, (_, value) in answers.items()})
    return [results[pipe] for pipe in pipes]


def ddp(cfg: Config) -> Config:
    """The config for a run inside :func:`run_two_ranks`."""
    cfg = cfg.copy()
    cfg.launcher = 'pytorch'
    cfg.model_wrapper_cfg = dict(type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False)
    return cfg
