"""A suite that trains in about a second a run: digits, an epoch, a narrow CNN3."""

import contextlib
import io
import json
import multiprocessing
from pathlib import Path

from mmnoisy.benchmark.command import main
from mmnoisy.benchmark.store import Store

TEXT = """
name = 'tiny'
title = 'A tiny suite'
seeds = {seeds}
options = {{
    'train_cfg.max_epochs': {epochs},
    'model.backbone.channels': (4, 8, 8),
    'model.head.in_channels': 8,
    'default_hooks.checkpoint': dict(interval=1, min_seconds=0),
}}
noises = dict(
    sym40=dict(noise=dict(kind='symmetric', rate=0.4)),
    asym30=dict(noise=dict(kind='asymmetric', rate=0.3, mapping='mnist')),
)
methods = dict(
    ce=dict(config='ce/ce_cnn3_60e_digits-sym40', role='ce', title='CE', seconds=10),
    mixup_ema=dict(config='mixup/mixup-ema_cnn3_60e_digits-sym40', role='ce_mixup_ema', noises=['sym40']),
    ceiling=dict(config='ce/ce_cnn3_60e_digits-sym40', role='ceiling', noises=['sym40']),
    {more}
)
"""


def write_suite(folder, more='', seeds=(0,), epochs=1) -> Path:
    path = Path(folder) / 'tiny.py'
    path.write_text(TEXT.format(more=more, seeds=list(seeds), epochs=epochs))
    return path


def start(suite, out, *options):
    """Start the command in a process of its own, forked: importing takes longer than a run."""
    argv = [str(suite), '--out', str(out), *options]
    process = multiprocessing.get_context('fork').Process(target=main, args=(argv,))
    process.start()
    return process


def command(suite, out, *options):
    """Run the command in this process, its workers in theirs; returns its exit status and what it printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = main([str(suite), '--out', str(out), *options])
    return code, printed.getvalue()


def put_result(store: Store, cell, **figures) -> None:
    """Write the result of a run that never was."""
    result = dict(
        suite=store.suite.name,
        method=cell.method,
        noise=cell.noise,
        seeds=dict(seed=cell.seed, noise_seed=cell.seed),
        noise_entry=cell.entry,
        commit='abc',
        device='CPU',
        versions=dict(torch='2'),
        seconds=dict(train=2.0, total=3.0, cpu=3.0),
        **dict(last=50.0, at_best_val=None, oracle_best=None, detection=None),
    )
    result.update(figures)
    folder = store.folder(cell)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'result.json').write_text(json.dumps(result))
