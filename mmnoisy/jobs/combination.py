"""A search on a user's own data: on frozen features where there are any, else on the images themselves."""

from pathlib import Path
from typing import Any, Callable, Dict, Optional

import numpy as np

from ..datasets.own_data import OwnData, read_data
from ..files import gone_if_refused
from ..search.about import SEARCH
from ..search.budget import Budget
from ..search.choice import Choice, complete
from ..search.refit import write_best
from ..search.same_data import check_same, of_images, of_options
from ..search.search import Found, Plan, search
from ..search.space import Space, find_space, read_space
from ..search.study import optuna
from .data_config import has_weights
from .lists import write_list
from .options import EPOCHS, SCRATCH, TrainOptions, choose, default_size, have_features
from .training import Job, check_images, class_numbers, data_name, make_banks, train_file
from .write_config import write_config

#: Epochs of a trial on features; a probe has learnt by then what a search has to know.
TRIAL_EPOCHS = 20


def search_data(
    data,
    out=None,
    *,
    budget: Optional[Budget] = None,
    fine: bool = False,
    test=None,
    trusted=None,
    workers: int = 1,
    seed: int = 0,
    sampler: str = 'tpe',
    portfolio_only: bool = False,
    epochs: Optional[int] = None,
    backbone: Optional[str] = None,
    reading: Optional[dict] = None,
    say: Callable[[str], None] = print,
    **plan,
) -> Found:
    """Search for the best combination on one's own data.

    Args:
        data (str | Path | OwnData): See :func:`mmnoisy.datasets.own_data.read_data`; its part ``val``, or a tenth of the
            images, judges the trials by the labels as given.
        out (str | Path, optional): Folder of the output; ``work_dirs/<data>-search`` where None. The same call goes on.
        budget (Budget, optional): When no further trial begins; ten minutes where None.
        fine (bool): Train whole networks, in place of classifiers on frozen features. Defaults to False.
        test (str | Path | OwnData, optional): Test images with right labels, for the winner alone; they choose nothing.
        trusted (str | Path | OwnData, optional): Images with right labels, which judge the trials in place of noisy ones
            and are not trained on; see :func:`with_trusted`.
        workers (int): Processes.
        seed (int): Of the search.
        sampler (str): ``'tpe'`` or ``'random'``.
        portfolio_only (bool): Try the portfolio alone.
        epochs (int, optional): Of a trial.
        backbone (str, optional): See :func:`mmnoisy.jobs.options.choose`.
        reading (dict, optional): Options of ``read_data``.
        say (Callable): Takes lines for the user.
        **plan: More of :class:`mmnoisy.search.search.Plan`: ``confirm``, ``seeds``, ``refit``, ``ensemble``.

    Raises:
        ImportError: Optuna, or for features their packages, are missing.
        ValueError: Data or options that cannot be used, or the folder holds a search on other data.
    """
    optuna()  # Before minutes of features, not after; so are options.
    if epochs is not None and epochs < 2:
        raise ValueError(f'--epochs must be at least 2 in a search, not {epochs}: trials are judged by several epochs.')
    data = data if isinstance(data, OwnData) else read_data(data, **(reading or {}))
    test = test if test is None or isinstance(test, OwnData) else read_data(test)
    trusted = trusted if trusted is None or isinstance(trusted, OwnData) else read_data(trusted)
    out = Path(out) if out is not None else Path('work_dirs') / f'{data_name(data)}-search'
    with gone_if_refused(out):
        told = of_images(data=data, trusted=trusted, test=test)
        told.update(of_options(fine=fine, backbone=backbone, epochs=epochs, seed=seed))
        check_same(out / SEARCH, told)  # Before anything in the folder is written over.
        how: Dict[str, Any] = dict(workers=workers, seed=seed, sampler=sampler, portfolio_only=portfolio_only)
        chosen = Plan(out, budget or Budget(seconds=600), data=told, say=say, **how, **plan)
        if trusted is not None:
            data = with_trusted(data, trusted, out / 'data.csv')
        options = trial_options(data, test, out, fine, backbone, epochs, seed)
        space = own_space(Job(data, test, out, [], False, False, say), options, out)
        return search(space, chosen)


def trial_options(
    data: OwnData, test, out: Path, fine: bool, backbone, epochs: Optional[int], seed: int
) -> TrainOptions:
    """How each trial trains; see :func:`search_data`.

    Raises:
        ValueError: Images that cannot be read, or options that cannot be used.
    """
    typical = check_images(data, test, out)
    frozen = not fine and have_features() and backbone != SCRATCH
    length = epochs or (TRIAL_EPOCHS if frozen else None)
    count = int((data.split == 'train').sum())
    return choose(
        'ce', backbone=backbone, frozen=frozen, typical=typical, num_images=count, epochs=length, seed=seed, workers=0
    )


def with_trusted(data: OwnData, trusted: OwnData, path: Path) -> OwnData:
    """Data whose part ``val`` is the trusted images; what was held out before is trained on, what is trusted is not.

    Args:
        data (OwnData): Labels as given.
        trusted (OwnData): Right labels of some of its images, or of others, of its classes.
        path (Path): Gets the list; replaced where it exists.

    Raises:
        ValueError: A class that the data do not have, weights of images, or nothing is left to train on.
    """
    if has_weights(data):
        raise ValueError(
            f'{data.source} has a column of weights, which a search with trusted images does not read: leave it out.'
        )
    labels = class_numbers(trusted, data.classes)
    known = set(trusted.paths)
    kept = [row for row, name in enumerate(data.paths) if name not in known]
    split = np.where(data.split == 'test', 'test', 'train')[kept]
    if not (split == 'train').any():
        raise ValueError(f'{trusted.source} has all images of {data.source}: nothing is left to train on.')
    whole = data._replace(
        paths=[data.paths[row] for row in kept] + list(trusted.paths),
        labels=np.concatenate([data.labels[kept], labels]),
        split=np.concatenate([split, np.full(len(labels), 'val')]),
    )
    write_list(path, whole, range(len(whole.paths)), whole.split)
    return read_data(path)


def own_space(job: Job, options: TrainOptions, folder: Path, banks=None) -> Space:
    """The packaged space for one's own data, over a config of plain training that is written into ``folder``.

    Args:
        job (Job): The data.
        options (TrainOptions): How the base trains.
        folder (Path): Gets ``base.py``, and the features where they are frozen and ``banks`` is None.
        banks (tuple, optional): Feature banks of the training and the test images.
    """
    bank, test_bank = (banks or make_banks(job, options, folder)) if options.frozen else (None, None)
    path = write_config(
        folder / 'base.py',
        job.data,
        options,
        work_dir=folder / 'base',
        test=job.test,
        bank=bank,
        test_bank=test_bank,
        note=f'Plain training, which a search changes, written by mmnoisy for {job.data.source}.',
    )
    name = 'features' if options.frozen else 'fine_tuning'
    count = max(1, len(job.data.paths))
    return read_space(find_space(name), base=str(path.resolve()), epochs=options.epochs, num_samples=count)


def train_combination(job: Job, plain: TrainOptions, budget: Budget, folder: str, banks=None) -> str:
    """Search within a budget, and train the combination that it finds, for as long as plain training; says which it is.

    The search is of seconds a trial on features where there are ``banks``; the parts that it finds are then those of
    the network's training.

    Args:
        job (Job): Training images and noisy validation images.
        plain (TrainOptions): Plain training, of features or of the network.
        budget (Budget): Of the search.
        folder (str): Name of the run's folder.
        banks (tuple, optional): Feature banks of the training and the test images.
    """
    out = job.work_dir / 'search'
    probe = plain if banks is None else plain._replace(frozen=True, size=default_size(0, True), epochs=TRIAL_EPOCHS)
    out.mkdir(parents=True, exist_ok=True)
    told = of_images(data=job.data, test=job.test)
    plan = Plan(out, budget, confirm=0, refit=False, seed=plain.seed, data=told, say=job.say)
    choice = search(own_space(job, probe, out, banks), plan).board.entries[0].choice
    run = job.work_dir / folder
    final = plain._replace(epochs=EPOCHS['frozen']) if plain.frozen else plain
    space = own_space(job, final, run / 'config', banks)
    found = fitted(space, choice)
    job.say(f'The combination: {found}')
    path = write_best(run / 'config' / 'combination.py', space, found, str(found), seed=plain.seed)
    train_file(job, path, run)
    return str(found)


def fitted(space: Space, choice: Choice) -> Choice:
    """The parts of a choice in another space, with the numbers of its parts; the learning rate is that space's own."""
    from ..search.rules import nearest

    wanted = {slot: choice.parts.get(slot, names[0]) for slot, names in space.slots.items()}
    wanted = {slot: part if part in space.slots[slot] else space.slots[slot][0] for slot, part in wanted.items()}
    parts = nearest(space.rules, space.slots, wanted)
    ranges = space.ranges(parts)
    return complete(space, parts, {n: v for n, v in choice.numbers.items() if n in ranges and n not in space.numbers})
