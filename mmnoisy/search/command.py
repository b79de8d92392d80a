"""The command ``tools/search.py``: search a space, run a grid, work for a search on another machine."""

import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Dict, Optional, Sequence

from ..benchmark.command import seconds_of
from ..cfg_options import OptionsAction
from .budget import budget_of
from .refit import LAST_EPOCH
from .same_data import of_places
from .space import Space, find_space, read_space


def make_parser() -> ArgumentParser:
    """Options of the command."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', metavar='COMMAND', required=True)
    run = commands.add_parser('run', help='search a space: the best combination by noisy validation')
    _add_space(run)
    run.add_argument(
        '--budget', type=budget_of, default='30m', help='30m, 200ep (epochs) or 40t (trials); 30m by default'
    )
    run.add_argument('--sampler', choices=['tpe', 'random'], default='tpe', help='multivariate TPE, or random search')
    run.add_argument('--portfolio-only', action='store_true', help='try the portfolio and nothing else')
    run.add_argument('--portfolio', metavar='FILE', help="another portfolio than the package's")
    run.add_argument('--no-portfolio', action='store_true', help='ask the sampler from the first trial on')
    run.add_argument('--no-prune', action='store_true', help='train every trial to its end')
    run.add_argument(
        '--confirm', type=int, default=3, metavar='K', help='best trials that are trained again; 0 for none'
    )
    run.add_argument('--seeds', type=int, default=3, help='trainings of each of these, on other folds; 3 by default')
    run.add_argument(
        '--folds', type=int, default=0, help='folds a trial is judged on; by default more than 1 where few are held out'
    )
    run.add_argument('--no-refit', action='store_true', help='do not train the best on all data')
    run.add_argument(
        '--refit-epoch',
        choices=LAST_EPOCH,
        default='median',
        help="last epoch of that: the median of the finalist's best ones, or Label Wave's",
    )
    run.add_argument('--ensemble', type=int, default=0, metavar='K', help='also an ensemble of the best K')
    run.add_argument('--storage', help="url of a database for Optuna's study; a journal file by default")
    run.add_argument('--setting', help="a noise of the space's suite, for a search that is judged itself")
    grid = commands.add_parser('grid', help='run many choices once under each noise of a suite, with test accuracy')
    _add_space(grid)
    grid.add_argument('--count', type=int, default=160, help='choices; 160 by default')
    grid.add_argument('--settings', help='noises, with commas; all of the suite by default')
    grid.add_argument('--budget', type=seconds_of, metavar='TIME', help='stop after this time, such as 2h')
    work = commands.add_parser('work', help="run trials of a search that another machine's command has begun")
    work.add_argument('out', help='the shared folder')
    parser.epilog = '\n'.join(command.format_help() for command in (run, grid, work))
    return parser


def _add_space(parser) -> None:
    parser.add_argument('space', help='file of a space, or the name of one of the package: features, small_images')
    parser.add_argument('--out', help='folder of the output; work_dirs/search/<space> by default')
    parser.add_argument('--path', action='append', default=[], metavar='NAME=FOLDER', help='where data lie')
    parser.add_argument('--workers', type=int, default=1, help='processes on this machine; 1 by default')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--epochs', type=int, help="of a trial; the space's by default")
    parser.add_argument(
        '--cfg-options', nargs='+', action=OptionsAction, default={}, metavar='KEY=VALUE', help='for every trial'
    )


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command; returns the exit status."""
    parser = make_parser()
    args = parser.parse_args(argv)
    if args.command == 'work':
        from .worker import main as work

        work([args.out])
        return 0
    if args.workers < 1:
        parser.error('--workers must be at least 1.')
    try:
        space = read_space(find_space(args.space), epochs=args.epochs)
        places = _places(space, args.path)
        return (run_grid if args.command == 'grid' else run_search)(args, space, places)
    except (ValueError, FileNotFoundError, ImportError, RuntimeError) as error:
        raise SystemExit(str(error)) from error


def _places(space: Space, given: Sequence[str]) -> Dict[str, str]:
    """Where data lie, by the names that the space has for them.

    Raises:
        ValueError: A name that it does not have, or nothing there.
    """
    found = {}
    for text in given:
        name, equals, place = text.partition('=')
        if not equals or name not in space.paths:
            raise ValueError(
                f'--path {text}: it is NAME=FOLDER with a NAME of {", ".join(space.paths) or "none at all"}.'
            )
        found[name] = place
    for name, place in space.paths.items():
        where = Path(found.get(name, place))
        if not where.exists():
            raise ValueError(f'The data {where} are not there: say where they lie, --path {name}=FOLDER.')
        found[name] = str(where.resolve())
    return found


def run_grid(args, space: Space, places: Dict[str, str]) -> int:
    """Write and run a grid; returns 1 where a trial failed."""
    from . import grid
    from .trial import failure, trials

    out = Path(args.out or f'work_dirs/search/grid-{space.name}')
    settings = args.settings.split(',') if args.settings else list(grid.settings_of(space))
    print(f'Writing {args.count} choices x {len(settings)} settings to {out} ...', flush=True)
    grid.write_grid(out, space, args.count, settings, places, args.seed, args.cfg_options)
    grid.run_grid(out, args.workers, _say, time.time() + args.budget if args.budget else None)
    failed = [folder.name for folder in trials(out) if failure(folder) is not None]
    print(f'{len(failed)} failed{": " if failed else "."}{", ".join(failed)}')
    return 1 if failed else 0


def run_search(args, space: Space, places: Dict[str, str]) -> int:
    """Search, confirm, refit, and write what was found."""
    from .search import Plan, search

    plan = Plan(
        out=Path(args.out or f'work_dirs/search/{space.name}'),
        budget=args.budget if not isinstance(args.budget, str) else budget_of(args.budget),
        workers=args.workers,
        sampler=args.sampler,
        seed=args.seed,
        portfolio=False if args.no_portfolio else args.portfolio or True,
        portfolio_only=args.portfolio_only,
        prune=not args.no_prune,
        confirm=args.confirm,
        seeds=args.seeds,
        folds=args.folds,
        refit=not args.no_refit,
        refit_epoch=args.refit_epoch,
        ensemble=args.ensemble,
        storage=args.storage,
        setting=args.setting,
        options=args.cfg_options,
        places=places,
        data=of_places(places),
        say=_say,
    )
    search(space, plan)
    return 0


def _say(line: str) -> None:
    print(line, flush=True)
