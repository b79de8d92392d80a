"""A whole search: portfolio, trials, confirmation, refit, and what is written about them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Union

from mmengine.config import Config

from ..config import check_config
from ..files import gone_if_refused, write_json, write_text
from ..folder_lock import hold_folder, release_folder
from . import portfolio
from .about import remember
from .budget import Budget
from .choice import complete, content, to_dict
from .confirm import Finalist, confirm, finalists, sentences
from .driver import Driver
from .grid import setting_options, settings_of
from .judged import Judged
from .leaderboard import Board, leaderboard, write_csv
from .pooled import folds_needed, held_out
from .refit import LAST_EPOCH, ensemble_accuracy, refit, test_accuracy, write_best
from .space import Space
from .study import SAMPLERS, open_study
from .summary_page import write_page
from .trial import PLAIN_ACCURACY

#: The least that numbers of a plan may be.
_LEAST = dict(workers=1, confirm=0, seeds=1, folds=0, ensemble=0)


@dataclass
class Plan:
    """How a search goes.

    Args:
        out (Path): Folder of the output; may be shared by machines.
        budget (Budget): When no further trial begins.
        workers (int): Processes on this machine.
        sampler (str): ``'tpe'`` or ``'random'``.
        seed (int): Of the sampler and of the trials.
        portfolio (bool | str): Try it first; a file in place of the package's.
        portfolio_only (bool): And nothing else.
        prune (bool): Stop bad trials early.
        confirm (int): Best trials that are trained again.
        seeds (int): Trainings of each of these.
        folds (int): On how many shares of the data a trial is judged; 0: as many as it takes, see
            :mod:`mmnoisy.search.pooled`.
        refit (bool): Train the winner on all data.
        refit_epoch (str): Its last epoch, ``'median'`` or ``'label_wave'``; see :mod:`mmnoisy.search.refit`.
        ensemble (int): Also train so many of the best on all data, and average them.
        storage (str, optional): Url of a database for the study.
        setting (str, optional): Noise of the space's suite, for a search that is judged itself.
        options (dict): Entries of every trial's config.
        places (dict): Where data lie.
        data (dict): What tells the data apart, see :mod:`mmnoisy.search.same_data`; ``trusted`` among them judges the
            trials.
        say (Callable): Takes lines for the user.

    Raises:
        ValueError: A number, sampler or way to choose the last epoch that there is not.
    """

    out: Path
    budget: Budget = Budget(seconds=1800)
    workers: int = 1
    sampler: str = 'tpe'
    seed: int = 0
    portfolio: Union[bool, str] = True
    portfolio_only: bool = False
    prune: bool = True
    confirm: int = 3
    seeds: int = 3
    folds: int = 0
    refit: bool = True
    refit_epoch: str = 'median'
    ensemble: int = 0
    storage: Optional[str] = None
    setting: Optional[str] = None
    options: Dict[str, Any] = field(default_factory=dict)
    places: Dict[str, str] = field(default_factory=dict)
    data: Dict[str, dict] = field(default_factory=dict)
    say: Callable[[str], None] = print

    def __post_init__(self):
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise ValueError(f'--{name} must be at least {least}, not {getattr(self, name)}.')
        for name, known in (('sampler', SAMPLERS), ('refit_epoch', LAST_EPOCH)):
            if getattr(self, name) not in known:
                raise ValueError(f'{name} must be one of {", ".join(known)}, not {getattr(self, name)!r}.')


@dataclass
class Found:
    """What a search found: all trials, those that were confirmed, and the config and run of the winner."""

    board: Board
    finalists: List[Finalist]
    best: Optional[Path] = None
    run: Optional[Path] = None
    test: Optional[float] = None
    judged: Judged = Judged()


def search(space: Space, plan: Plan) -> Found:
    """Run a search, or go on with it.

    Raises:
        ValueError: The folder holds another search, or nothing could be trained.
        RuntimeError: Another process searches there, or workers cannot work.
    """
    out = Path(plan.out)
    with gone_if_refused(out):
        out.mkdir(parents=True, exist_ok=True)
        owner = hold_folder(out)
        if owner:
            raise RuntimeError(f'{out} is searched by {owner}. Help it from here: python tools/search.py work {out}')
        try:
            return _search(space, plan, out)
        finally:
            release_folder(out)


def _search(space: Space, plan: Plan, out: Path) -> Found:
    options = {**plan.options, 'randomness.seed': plan.seed}
    if plan.setting:
        known = settings_of(space)
        if plan.setting not in known:
            raise ValueError(f'--setting: there is no {plan.setting!r}, only {", ".join(known)}.')
        options.update(setting_options(known[plan.setting], plan.seed))
    plain = content(space, complete(space), options, plan.places)
    # Where plain training is refused, every trial would be.
    check_config(Config(plain))
    searched = {**held_out(plain), **options}
    if 'trusted' in plan.data:
        searched.update(PLAIN_ACCURACY)
    whole = content(space, complete(space), searched, plan.places)
    judged = remember(space, plan.places, plan.seed, searched, out, plan.data, whole)
    file = plan.portfolio if isinstance(plan.portfolio, str) else None
    first = portfolio.load(space, file) if plan.portfolio or plan.portfolio_only else []
    budget = Budget(trials=len(first)) if plan.portfolio_only else plan.budget
    study = open_study(out, space.name, plan.storage, plan.sampler, plan.seed)
    folds = plan.folds or folds_needed(whole)
    if folds > 1:
        plan.say(f'Few images are held out: each trial is trained on {folds} folds and judged by all of them.')
    Driver(study, space, out, plan.workers, budget, first, searched, plan.places, plan.prune, folds, plan.say).run()
    board = leaderboard(out, judged)
    for line in board.notes:
        plan.say(line)
    if not board.entries:
        raise ValueError(
            f'No trial of {out} has a result: the budget ended before the first did, or they failed, and failed.json in their '
            'folders says why. The same command with a larger budget goes on.'
        )
    write_csv(board, out / 'leaderboard.csv', judged)
    found = Found(board, [], judged=judged)
    if plan.confirm:
        top = finalists(board.entries, plan.confirm)
        how: Dict[str, Any] = dict(options=searched, places=plan.places, say=plan.say)
        how['balanced'] = not judged.trusted
        found.finalists = confirm(out, space, top, plan.seeds, plan.workers, **how)
        for line in sentences(found.finalists, judged):
            plan.say(line)
    finish(space, plan, out, options, found)
    return found


def finish(space: Space, plan: Plan, out: Path, options: dict, found: Found) -> None:
    """Write the best config, train it on all data, and write the page."""
    winner = next((one for one in found.finalists if one.chosen), None)
    choice = winner.choice if winner else found.board.entries[0].choice
    figure = f'{winner.mean:.2f} % confirmed' if winner else f'{found.board.entries[0].value:.2f} %, not confirmed'
    note = f'The best combination that a search of {space.name} found: {figure} on {found.judged.by}.\n{choice}'
    found.best = write_best(out / 'best.py', space, choice, note, options, plan.places, plan.seed)
    plan.say(f'Config: {found.best} (train it with: python -m mmnoisy.stages {found.best})')
    best = found.finalists or [
        Finalist(entry.choice, entry.value, entry.value, [entry.value], 1.0, entry.epoch, entry.seconds)
        for entry in found.board.entries[: max(1, plan.ensemble)]
    ]
    how: Dict[str, Any] = dict(options=options, places=plan.places, seed=plan.seed, say=plan.say)
    how['epoch'] = plan.refit_epoch
    ensemble: Optional[Dict[str, Any]] = None
    if plan.refit:
        found.run = refit(out / 'refit', space, winner or best[0], **how)
        found.test = test_accuracy(found.run)
    if plan.ensemble:
        runs = [refit(out / f'ensemble{i}', space, one, **how) for i, one in enumerate(best[: plan.ensemble])]
        ensemble = dict(members=[str(run) for run in runs], test=ensemble_accuracy(runs))
    told = dict(
        space=space.name,
        best=to_dict(choice),
        trials=len(found.board.entries),
        judged_by=found.judged.by,
        notes=found.board.notes,
        confirmed=[dict(one._asdict(), choice=to_dict(one.choice)) for one in found.finalists],
        test_accuracy=found.test,
        ensemble=ensemble,
    )
    write_json(out / 'found.json', told)
    if found.test is not None:
        plan.say(f'Test accuracy of the refit, which chose nothing: {found.test:.2f}')
    if ensemble and ensemble['test'] is not None:
        plan.say(f'Test accuracy of the ensemble of {len(ensemble["members"])}: {ensemble["test"]:.2f}')
    try:
        write_page(out, space, found.board, found.finalists, found.judged)
        plan.say(f'Page: {out / "report.html"}')
    except ImportError as error:
        write_text(out / 'report.txt', '\n'.join(found.board.notes) + '\n')
        plan.say(f'No page: {error}')
