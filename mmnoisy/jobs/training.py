"""Training on one's own data: an ordinary config is written, and trained as ``tools/train.py`` does."""

import json
import shlex
from pathlib import Path
from typing import Any, Callable, Dict, NamedTuple, Optional, Sequence

import numpy as np

from ..datasets.image_scan import scan_images
from ..datasets.own_data import OwnData, read_data
from ..files import gone_if_refused
from ..search.budget import Budget
from .data_config import has_weights
from .options import TrainOptions, check_method, choose
from .run_folder import is_used


class Job(NamedTuple):
    """One command's data and settings, whatever it trains.

    Args:
        data (OwnData): Training images.
        test (OwnData, optional): Test images.
        work_dir (Path): Folder of the output.
        overrides (list[str]): ``KEY=VALUE`` for the configs.
        resume (bool): Go on with what is in ``work_dir``.
        console (bool): Show a bar in place of mmengine's log.
        say (Callable): Takes a line for the user.
    """

    data: OwnData
    test: Optional[OwnData]
    work_dir: Path
    overrides: list
    resume: bool
    console: bool
    say: Callable[[str], None]


def train(
    data,
    work_dir=None,
    *,
    method: str = 'auto',
    test=None,
    overrides: Sequence[str] = (),
    resume: bool = False,
    console: bool = False,
    say: Callable[[str], None] = print,
    reading: Optional[dict] = None,
    begin: Optional[Callable[['Job', Optional[TrainOptions]], None]] = None,
    budget: Optional[Budget] = None,
    **options,
) -> Path:
    """Train a classifier on one's own data.

    A config file is written into ``<work_dir>/config/``, a few lines over one of the package, and trained through the
    same path as ``tools/train.py``: edit it, run it again, put it on many GPUs.

    Args:
        data (str | Path | OwnData): See :func:`mmnoisy.datasets.own_data.read_data`.
        work_dir (str | Path, optional): Folder of the output; ``work_dirs/<data>-<method>`` where None.
        method (str): One of :data:`mmnoisy.jobs.options.METHODS`, or ``'auto'``, see :mod:`mmnoisy.jobs.auto`.
            Defaults to ``'auto'``.
        test (str | Path | OwnData, optional): Test images with right labels; they choose nothing.
        overrides (Sequence[str]): ``KEY=VALUE`` for the config.
        resume (bool): Go on with the run in ``work_dir``. Defaults to False.
        console (bool): Show a bar in place of mmengine's log. Defaults to False.
        say (Callable): Takes lines for the user. Defaults to ``print``.
        reading (dict, optional): Options of ``read_data``.
        begin (Callable, optional): Called with the job and its options before anything is trained.
        budget (Budget, optional): Of a search for the best combination, for ``'auto'``; it limits the search alone, the audit
            and the trainings come on top. Defaults to None: no search.
        **options: ``backbone``, ``pretrained``, ``scratch``, ``frozen``, ``size``, ``epochs``, ``batch_size``, ``seed``,
            ``workers``: see :func:`mmnoisy.jobs.options.choose`.

    Returns:
        Path: ``work_dir``.

    Raises:
        FileNotFoundError, ValueError, ImportError: Data or options that cannot be used; the message says what to do.
    """
    if budget is not None and method != 'auto':
        raise ValueError(f'--budget is of the search of --method auto, not of {method}: leave it out.')
    if budget is not None:
        from ..search.study import optuna

        optuna()  # Before the minutes of the audit, not after.
    if method != 'auto':
        check_method(method)
    data = data if isinstance(data, OwnData) else read_data(data, **(reading or {}))
    test = test if test is None or isinstance(test, OwnData) else read_data(test)
    _check_classes(data, test)
    work_dir = find_work_dir(data, method, work_dir, resume)
    with gone_if_refused(work_dir):
        return _train(Job(data, test, work_dir, list(overrides), resume, console, say), method, begin, budget, options)


def _train(job: Job, method: str, begin, budget: Optional[Budget], options: dict) -> Path:
    data, test, work_dir, say = job.data, job.test, job.work_dir, job.say
    options.update(typical=check_images(data, test, work_dir), num_images=int((data.split == 'train').sum()))
    if (method == 'auto' or options.get('frozen')) and has_weights(data):
        say(f'The column weight of {data.source} is not used: that needs a method that trains on images.')
    if method == 'auto':
        from .auto import train_auto

        return train_auto(job, begin, budget=budget, **options)
    chosen = choose(method, **options)
    if begin is not None:
        begin(job, chosen)
    return train_one(job, chosen, work_dir)


def train_one(job: Job, options: TrainOptions, folder: Path, bank=None, test_bank=None) -> Path:
    """Write the config of one run and train it in ``folder``."""
    from .write_config import write_config

    if options.frozen and bank is None:
        bank, test_bank = make_banks(job, options, folder)
    path = folder / 'config' / f'{options.method}.py'
    if job.resume and path.is_file():
        job.say(f'Going on with {path}')
    else:
        note = f'Written by mmnoisy for {job.data.source}.'
        write_config(path, job.data, options, work_dir=folder, test=job.test, bank=bank, test_bank=test_bank, note=note)
        job.say(f'Config: {path} (train it again with: python -m mmnoisy.stages {shlex.quote(str(path))})')
    return train_file(job, path, folder)


def train_file(job: Job, path: Path, folder: Path) -> Path:
    """Train a written config in ``folder``."""
    from ..run import forget_runs
    from ..stages import main

    argv = [str(path), '--work-dir', str(folder)]
    argv += ['--resume'] if job.resume else []
    overrides = [*job.overrides]
    overrides += ['default_hooks.console={"type": "mmnoisy.ConsoleHook"}'] if job.console else []
    forget_runs()
    main([*argv, *(['--cfg-options', *overrides] if overrides else [])])
    return folder


def make_banks(job: Job, options: TrainOptions, folder: Path, data: Optional[OwnData] = None, out=None):
    """Feature banks of the training images and, where there are any, of the test images."""
    from ..engine.feature_bank import build_feature_bank

    data = data or job.data
    how: Dict[str, Any] = dict(backbone=options.backbone, weights=options.weights or None, size=options.size)
    views = 3 if options.method == 'dividemix' else 1
    job.say(f'Features of {len(data.paths):,} images by {options.backbone} ...')
    labels = dict(label=data.labels, split=np.asarray(data.split, dtype=str))
    bank = build_feature_bank(
        data.paths, out or folder / 'features', labels=labels, classes=data.classes, views=views, **how
    )
    if job.test is None:
        return bank, None
    numbers = class_numbers(job.test, data.classes)
    test_bank = build_feature_bank(
        job.test.paths, folder / 'test_features', labels=numbers, classes=data.classes, **how
    )
    return bank, test_bank


def class_numbers(data: OwnData, classes: Sequence[str]) -> np.ndarray:
    """(N,) labels of ``data`` as numbers in ``classes``.

    Raises:
        ValueError: A class that is none of them.
    """
    unknown = [name for name in data.classes if name not in classes]
    if unknown:
        raise ValueError(f'{data.source} has the class {unknown[0]!r}; those of training are {", ".join(classes)}.')
    return np.array([classes.index(name) for name in data.classes])[data.labels]


def check_images(data: OwnData, test: Optional[OwnData], work_dir: Path) -> int:
    """Stop where an image cannot be read; returns the median of the shorter edges, pixels.

    Raises:
        ValueError: The list of the images, and what to type.
    """
    for part in (data, test):
        if part is None:
            continue
        scan = scan_images(part.paths, cache=work_dir / 'scan')
        if scan.problems:
            listed = '\n'.join(f'  {problem.path}: {problem.reason}' for problem in scan.problems[:20])
            more = f'\n  ... and {len(scan.problems) - 20} more' if len(scan.problems) > 20 else ''
            source = shlex.quote(part.source)
            raise ValueError(
                f'{len(scan.problems)} of the {len(part.paths):,} images cannot be read:\n{listed}{more}\n'
                f'Repair or remove them, or leave them out: mmnoisy audit {source}, and mmnoisy fix writes a list without '
                'them to train on.'
            )
        if part is data:
            typical = int(np.median(scan.sizes.min(1)))
    return typical


def find_work_dir(data: OwnData, method: str, work_dir, resume: bool) -> Path:
    """The folder of the output.

    Raises:
        ValueError: A folder that holds an earlier run, which is not to be gone on with; or none to go on with.
    """
    if work_dir is not None:
        if is_used(work_dir) and not resume:
            raise ValueError(f'{work_dir} is not empty: name another --work-dir, or go on with its run with --resume.')
        if resume and not is_used(work_dir):
            raise ValueError(f'--resume: there is no run in {work_dir}; leave --resume out to begin one.')
        return Path(work_dir)
    first = Path('work_dirs') / f'{data_name(data)}-{method}'
    tried, number = first, 1
    while is_used(tried):
        last, number = tried, number + 1
        tried = first.with_name(f'{first.name}-{number}')
    if not resume:
        return tried
    if number == 1:
        raise ValueError(f'--resume: there is no run in {first}; name its folder with --work-dir.')
    return last


def data_name(data: OwnData) -> str:
    """A short name of the data for a folder."""
    path = Path(data.source)
    return path.name if data.kind in ('folder', 'builtin') else f'{path.resolve().parent.name}-{path.stem}'


def summary(folder: Path) -> dict:
    """``summary.json`` of a run; {} without one."""
    path = Path(folder) / 'summary.json'
    return json.loads(path.read_text(encoding='utf-8')) if path.is_file() else {}


def _check_classes(data: OwnData, test: Optional[OwnData]) -> None:
    if len(data.classes) < 2:
        raise ValueError(f'{data.source} has one class, {data.classes[0]!r}: at least two are needed.')
    if test is not None:
        class_numbers(test, data.classes)
