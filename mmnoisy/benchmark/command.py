"""The command ``benchmark``: run a suite, show its plan, or make its tables."""

import re
import time
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Dict, Optional, Sequence

from ..config import config_path
from .collect import collect
from .driver import Driver
from .progress_view import ProgressView, duration, time_of
from .store import STATES, Store
from .suite import chosen

_UNITS = dict(s=1, m=60, min=60, h=3600, d=86400)


def seconds_of(text: str) -> float:
    """``'2h'``, ``'90min'``, ``'1h30m'`` or ``'45'`` (seconds) as seconds.

    Raises:
        ArgumentTypeError: It is no time.
    """
    parts = re.findall(r'(\d+(?:\.\d+)?)\s*(min|[smhd])?', text)
    if not parts or ''.join(number + unit for number, unit in parts) != text.replace(' ', ''):
        raise ArgumentTypeError(f'{text!r} is no time such as 2h, 90min or 1h30m.')
    return sum(float(number) * _UNITS[unit or 's'] for number, unit in parts)


def _path(text: str) -> str:
    if '=' not in text:
        raise ArgumentTypeError(f'{text!r} is not NAME=FOLDER.')
    return text


def parse_args(argv: Optional[Sequence[str]] = None):
    """Options of the command."""
    parser = ArgumentParser(
        description='Run a suite: methods x noises x seeds. The same command goes on where it was interrupted, also on '
        'other machines that share the folder. `collect SUITE` makes the tables.'
    )
    parser.add_argument(
        'suite', nargs='+', metavar='[collect] SUITE', help="suite's file, or the name of one of the package"
    )
    parser.add_argument('--out', help='folder of the output; work_dirs/benchmark by default')
    parser.add_argument('--path', action='append', default=[], type=_path, metavar='NAME=FOLDER', help='where data lie')
    parser.add_argument('--workers', type=int, default=1, help='processes on this machine; 1 by default')
    parser.add_argument('--budget', type=seconds_of, metavar='TIME', help='stop after this time, such as 2h or 90min')
    parser.add_argument(
        '--only', metavar='PATTERN', help='method/noise/seed with * and ?, several with commas: gce/sym*'
    )
    parser.add_argument('--again', action='store_true', help='run again what failed')
    parser.add_argument('--dry-run', action='store_true', help='print the plan with the estimated time')
    parser.add_argument('--configs', type=Path, help="folder of the configs; the package's by default")
    parser.add_argument('--root', type=Path, help='collect: the repository that gets results.json, tables and page')
    args = parser.parse_args(argv)
    args.collect = args.suite[0] == 'collect' and len(args.suite) == 2
    if len(args.suite) > 1 and not args.collect:
        parser.error(f'one suite at a time, not {" ".join(args.suite)}.')
    args.suite = args.suite[-1]
    if not Path(args.suite).is_file():
        try:
            args.suite = config_path(f'suites/{args.suite}')
        except FileNotFoundError:
            parser.error(f'there is no suite {args.suite!r}.')
    if args.workers < 1:
        parser.error('--workers must be at least 1.')
    args.out = args.out or 'work_dirs/benchmark'
    return args


def plan(store: Store, cells, workers: int) -> str:
    """The plan as text: how many runs of each method and noise are in which state, and the time of the open ones."""
    states = {cell.key: store.state(cell) for cell in cells}
    width = max(len(cell.method) for cell in cells)
    noises = list(dict.fromkeys(cell.noise for cell in cells))
    estimates = store.estimates()
    lines = [f'{store.suite.title}: {len(cells)} runs', f'{"":{width}}  ' + '  '.join(noises) + '  seconds a run']
    for method in dict.fromkeys(cell.method for cell in cells):
        own = [cell for cell in cells if cell.method == method]
        counts = (
            f'{sum(states[c.key] == "done" for c in own if c.noise == noise)}/{sum(c.noise == noise for c in own)}'
            for noise in noises
        )
        seconds = estimates[method]
        shown = '  '.join(f'{count:>{len(noise)}}' for count, noise in zip(counts, noises))
        lines.append(f'{method:{width}}  {shown}  {"unknown" if seconds is None else format(seconds, ".1f")}')
    lines.append(', '.join(f'{list(states.values()).count(state)} {state}' for state in STATES))
    left = [cell for cell in cells if states[cell.key] in ('open', 'running')]
    if left:
        lines.append(f'Left: {time_of(left, estimates, workers)} with {workers} worker{"s" if workers > 1 else ""}.')
    return '\n'.join(lines)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command; returns the exit status: 1 where a run has failed."""
    args = parse_args(argv)
    paths: Dict[str, str] = dict(text.split('=', 1) for text in args.path)
    try:
        store = Store(args.suite, args.out, paths, args.configs)
    except (ValueError, FileNotFoundError) as error:
        raise SystemExit(str(error)) from error
    cells = chosen(store.suite.cells, args.only)
    if not cells:
        raise SystemExit(f'--only {args.only}: the suite has no such run. Methods: {", ".join(store.suite.methods)}.')
    if args.collect:
        print(collect(store, args.root or Path.cwd()))
        return 0
    if args.dry_run:
        print(plan(store, cells, args.workers))
        return 0
    return run(args, store, cells)


def run(args, store: Store, cells) -> int:
    """Run what is open."""
    if store.missing:
        options = ' '.join(f'--path {name}=FOLDER' for name in store.missing)
        places = ', '.join(store.paths[name] for name in store.missing)
        raise SystemExit(f'The suite needs data that are not there: {places}. Say where they lie: {options}.')
    store.remember()
    deadline = time.time() + args.budget if args.budget else None
    command = [args.suite, '--out', str(store.out), *(part for name in args.path for part in ('--path', name))]
    command += ['--configs', str(args.configs)] if args.configs else []
    command += ['--only', args.only] if args.only else []
    command += ['--deadline', str(deadline)] if deadline else []
    if args.again:
        store.forget_failures(cells)
    view = ProgressView(len(cells), args.workers, store.estimates)
    try:
        Driver(store, cells, args.workers, command, deadline, view).run()
    except RuntimeError as error:
        raise SystemExit(str(error)) from error
    states = [store.state(cell) for cell in cells]
    view.say(', '.join(f'{states.count(state)} {state}' for state in STATES) + f'. Results: {store.out}')
    if args.budget and states.count('done') + states.count('failed') < len(cells):
        view.say(f'The budget of {duration(args.budget)} is used up; the same command goes on.')
    return 1 if 'failed' in states else 0
