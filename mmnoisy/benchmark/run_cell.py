"""One run of a suite: an ordinary config in a folder of its own, and what it leaves behind."""

import json
import os
import platform
import shutil
import subprocess
import time
import traceback
from datetime import datetime, timezone
from pathlib import Path
from typing import Dict, Optional

import torch

from ..engine.hooks.validation_record_hook import PREDICTIONS as HELD_OUT
from ..evaluation.right_labels import write_right_labels
from ..evaluation.run_scores import run_scores
from ..files import copy_file, write_json, write_text
from ..run import forget_runs
from ..stages import main
from ..version import __version__
from .contents import config_text, put_strings
from .suite import RIGHT_LABELS, Cell

RESULT, FAILED, PREDICTIONS = 'result.json', 'failed.json', 'predictions.npz'


def run_cell(cell: Cell, suite: str, folder, places: Dict[str, str], attempt: int = 1) -> bool:
    """Run a cell and write ``result.json`` and ``predictions.npz``, or ``failed.json``, into its folder.

    A run of a fold leaves ``val_predictions.npz`` too, its predictions of the held-out samples.

    A half-done run goes on from its newest checkpoint. Checkpoints are removed once the result is written.

    Args:
        cell (Cell): The run.
        suite (str): Name of the suite.
        folder (str | Path): The run's folder.
        places (dict[str, str]): Where the data lie, by the names that the config has for them.
        attempt (int): How many processes have begun it.

    Returns:
        bool: Whether it has a result.
    """
    folder = Path(folder)
    about = dict(
        version=1,
        suite=suite,
        method=cell.method,
        noise=cell.noise,
        seeds=dict(seed=cell.seed, noise_seed=cell.seed),
        key=cell.key,
        config=cell.config,
        noise_entry=cell.entry,
        config_text=config_text(cell.content),
        commit=commit(),
        versions=versions(),
        device=device(),
        attempt=attempt,
    )
    start, cpu = time.perf_counter(), time.process_time()
    try:
        train(cell, folder, places)
        found = run_scores(folder / 'run', _kept(folder, 'test_predictions.npz', PREDICTIONS))
        if cell.fold is not None:
            _kept(folder, HELD_OUT, HELD_OUT)
        train_seconds = found.pop('train_seconds')
    except (Exception, SystemExit) as error:
        text = traceback.format_exc()
        write_json(
            folder / FAILED, dict(about, error=f'{type(error).__name__}: {error}', traceback=text, finished=_now())
        )
        return False
    total = time.perf_counter() - start
    seconds = dict(train=train_seconds, total=total, cpu=time.process_time() - cpu)
    write_json(folder / RESULT, dict(about, seconds=seconds, **found, finished=_now()))
    (folder / FAILED).unlink(missing_ok=True)
    for checkpoint in (folder / 'run').rglob('*.pth'):
        checkpoint.unlink()
    return True


def train(cell: Cell, folder: Path, places: Dict[str, str]) -> None:
    """Write the cell's config with the places of its data, and train it as ``tools/train_stages.py`` does."""
    content = put_strings(cell.content, places)
    keep = content['train_dataloader']['dataset'].get('keep')
    if keep == RIGHT_LABELS:
        write_right_labels(content['train_dataloader']['dataset'], folder / 'right_labels.csv')
        content = put_strings(content, {RIGHT_LABELS: str(folder / 'right_labels.csv')})
    path = folder / f'{Path(cell.config).name}.py'
    text = config_text(content)
    if path.is_file() and path.read_text(encoding='utf-8') != text:
        # Begun where the data lie elsewhere: stages that are done would be refused.
        shutil.rmtree(folder / 'run', ignore_errors=True)
    write_text(path, text)
    forget_runs()
    try:
        main([str(path), '--work-dir', str(folder / 'run'), '--resume'])
    finally:
        forget_runs()


def device() -> str:
    """The GPU, or how many threads of which CPU."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f'CPU ({platform.machine()}), {torch.get_num_threads()} of {os.cpu_count()} threads'


def versions() -> Dict[str, str]:
    """Of what a figure may depend on."""
    import mmengine
    import mmpretrain
    import numpy

    modules = dict(torch=torch, mmengine=mmengine, mmpretrain=mmpretrain, numpy=numpy)
    found = {name: module.__version__ for name, module in modules.items()}
    return dict(found, mmnoisy=__version__, python=platform.python_version())


def commit() -> Optional[str]:
    """The commit of the package, with ``-dirty`` where it differs from that; None outside of a repository."""
    folder = Path(__file__).resolve().parents[1]

    def git(*command):
        command = ('git', '--no-optional-locks', *command)
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()

    try:
        found = git('rev-parse', '--short=12', 'HEAD')
        return f'{found}-dirty' if git('status', '--porcelain', '--untracked-files=no', '.') else found
    except (OSError, subprocess.CalledProcessError):
        return None


def read_result(folder) -> Optional[dict]:
    """The result of a run; None where it has none."""
    return _read(Path(folder) / RESULT)


def read_failure(folder) -> Optional[dict]:
    """Why a run failed; None where it did not."""
    return _read(Path(folder) / FAILED)


def _read(path: Path) -> Optional[dict]:
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        return None


def _kept(folder: Path, name: str, kept: str) -> Path:
    """Keep a file of the run, or of a recipe's last stage, under a name of its own."""
    found = sorted((folder / 'run').rglob(name), key=lambda path: path.stat().st_mtime_ns)
    copy_file(found[-1], folder / kept)
    return folder / kept


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec='seconds')
