"""Noisy digits: four methods trained side by side, and an audit of digits as image files, a quarter in the wrong folder."""

import argparse
import multiprocessing
import os
import shutil
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import Optional, Sequence

import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from PIL import Image

from .audit import audit, fix
from .config import config_path
from .datasets import Digits
from .datasets.own_data import read_data
from .datasets.samples_file import read_rows
from .evaluation.comparison import plot, read_run, table
from .report import write_report

METHODS = ('ce', 'gce', 'sce', 'mae')


def train(job) -> tuple:
    """Train one method in a process of its own, with the output in a file.

    Returns:
        tuple[str, str | None]: The method, and the traceback if it failed.
    """
    method, work_dir, seed, epochs = job
    work_dir.mkdir(parents=True, exist_ok=True)
    with (work_dir / 'output.log').open('w') as log:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(log.fileno(), stream.fileno())
    try:
        torch.set_num_threads(1)
        cfg = Config.fromfile(config_path(f'{method}/{method}_cnn3_60e_digits-sym40.py'))
        cfg.work_dir = str(work_dir)
        cfg.randomness.seed = seed
        # A checkpoint takes longer than training an epoch here; the results do not depend on it.
        cfg.default_hooks.checkpoint.update(interval=epochs, save_best=None)
        cfg.train_cfg.max_epochs = epochs
        Runner.from_cfg(cfg).train()
    except Exception:
        return method, traceback.format_exc()
    return method, None


def preload():
    """Import here, once, what every run imports: the processes are forks of this one."""
    # mmcv-lite says at every import that it lacks what nothing here uses.
    warnings.filterwarnings('ignore', message='Fail to import')
    import mmpretrain.datasets
    import mmpretrain.engine
    import mmpretrain.evaluation
    import mmpretrain.models
    import mmpretrain.visualization  # noqa: F401
    import sklearn.datasets  # noqa: F401
    import torch.utils.tensorboard  # noqa: F401


def messy_digits(folder: Path, images: int = 600, rate: float = 0.25) -> np.ndarray:
    """Digits as PNG files in one folder a class, made anew.

    Args:
        folder (Path): Where they go.
        images (int): How many. Defaults to 600.
        rate (float): Share that lies in the folder of another class. Defaults to 0.25.

    Returns:
        np.ndarray: True classes, (images,); the number of an image is its row.
    """
    rng = np.random.default_rng(0)
    source = Digits('train')
    rows = rng.permutation(len(source))[:images]
    clean = np.asarray(source.get_gt_labels())[rows]
    given = np.where(rng.random(images) < rate, (clean + rng.integers(1, 10, images)) % 10, clean)
    shutil.rmtree(folder, ignore_errors=True)
    for number, (row, label) in enumerate(zip(rows.tolist(), given.tolist())):
        path = folder / str(label) / f'{number:04d}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(source.get_data_info(row)['img']).save(path)
    return clean


def audit_digits(out: Path) -> str:
    """Audit messy digits, correct their list, write the page; returns what came of it, in words."""
    clean = messy_digits(out / 'digits')
    found = audit(read_data(out / 'digits'), out / 'audit')
    fixed = fix(found.folder, 'relabel', out=out / 'clean.csv')
    write_report([found.folder], found.folder / 'report.html')
    before, after = (
        np.mean([clean[int(Path(path).stem)] == int(label) for path, label in rows])
        for rows in (
            [(row['path'], row['given_label']) for row in read_rows(found.folder / 'issues.csv')],
            [(path, label) for path, label, _ in fixed.rows],
        )
    )
    return (
        f'Audit of {len(clean)} digits as image files: {int(found.issues.is_issue.sum())} labels are flagged; with the '
        f'suggested ones {100 * after:.1f} % are right, {100 * before:.1f} % were.\n'
        f'The list: {out / "clean.csv"}   The page: {found.folder / "report.html"}'
    )


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Train, print the table and write the curves; audit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, default=Path('demo_results'), help='folder for the results')
    parser.add_argument('--methods', nargs='+', default=METHODS, help='methods with a config for noisy digits')
    parser.add_argument('--seed', type=int, default=0, help='seed of initialisation and order')
    parser.add_argument('--epochs', type=int, default=60, help='epochs of each method')
    parser.add_argument('--no-audit', action='store_true', help='train only')
    parser.add_argument('--jobs', type=int, default=os.cpu_count(), help='methods to train side by side')
    args = parser.parse_args(argv)
    # A network this small is as fast on the CPU, and the figures are then the same on every machine.
    os.environ['CUDA_VISIBLE_DEVICES'] = ''
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    start = time.perf_counter()
    jobs = [(method, args.out / method, args.seed, args.epochs) for method in args.methods]
    print(f'Training {", ".join(args.methods)} on noisy digits, {args.epochs} epochs each: about a minute.', flush=True)
    preload()
    failed = False
    # A new process for each run: mmengine's loggers and message hubs are global.
    with multiprocessing.get_context('fork').Pool(max(1, min(args.jobs, len(jobs))), maxtasksperchild=1) as pool:
        for method, error in pool.imap_unordered(train, jobs):
            print(f'{method}: {"failed" if error else "done"} after {time.perf_counter() - start:.0f} s', flush=True)
            if error:
                failed = True
                print(error, f'The whole output: {args.out / method / "output.log"}', file=sys.stderr, sep='')
    if failed:
        raise SystemExit(1)
    runs = [read_run(work_dir) for _, work_dir, _, _ in jobs]
    plot(runs, args.out / 'curves.png')
    print(
        f'\nTest accuracy in percent (noisy digits, seed {args.seed}):\n{table(runs)}\n\nCurves: {args.out / "curves.png"}'
    )
    if not args.no_audit:
        print(f'\n{audit_digits(args.out)}')
