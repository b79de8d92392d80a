"""A process that takes one run of a suite after another, so that starting Python and torch is paid once."""

import os
import sys
import threading
import time
import traceback
from argparse import ArgumentParser
from pathlib import Path
from typing import List, Optional

from ..files import write_json
from .lease import beat, give_back, put_off, take
from .run_cell import FAILED, RESULT, run_cell
from .store import Store
from .suite import Cell, chosen

#: Exit status of a worker whose time was up.
TIME_IS_UP = 3
#: Processes that may die of one run before it counts as failed.
ATTEMPTS = 3
_BEAT_SECONDS = 1.0


class Pulse(threading.Thread):
    """Beats for the run in progress; ends the process at the deadline, or when the runner that began it is gone."""

    def __init__(self, deadline: Optional[float]):
        super().__init__(daemon=True)
        self.deadline, self.parent = deadline, os.getppid()
        self.folder: Optional[Path] = None

    def run(self) -> None:
        while True:
            time.sleep(_BEAT_SECONDS)
            if self.folder is not None:
                beat(self.folder)
            if os.getppid() != self.parent or self.late():
                if self.folder is not None:
                    put_off(self.folder)
                os._exit(TIME_IS_UP)

    def late(self) -> bool:
        return self.deadline is not None and time.time() > self.deadline


def work(store: Store, cells: List[Cell], pulse: Pulse) -> None:
    """Run every cell that nobody else runs, and wait for those that others do: should one die, its run is taken over."""
    while True:
        unfinished = [cell for cell in cells if not _finished(store, cell)]
        taken = 0
        for cell in unfinished:
            if pulse.late():
                raise SystemExit(TIME_IS_UP)
            taken += _run(store, cell, pulse)
        if not unfinished:
            return
        if not taken:
            time.sleep(1)


def _finished(store: Store, cell: Cell) -> bool:
    return any((store.folder(cell) / name).is_file() for name in (RESULT, FAILED))


def _run(store: Store, cell: Cell, pulse: Pulse) -> bool:
    folder = store.folder(cell)
    attempt = None if _finished(store, cell) else take(folder)
    if attempt is None:
        return False
    pulse.folder = folder
    try:
        if _finished(store, cell):  # Between looking and taking.
            return False
        if attempt > ATTEMPTS:
            error = (
                f'{ATTEMPTS} processes died of this run, of lack of memory perhaps. The log of the worker may say more.'
            )
            about = dict(suite=store.suite.name, method=cell.method, noise=cell.noise, key=cell.key)
            write_json(folder / FAILED, dict(about, seeds=dict(seed=cell.seed, noise_seed=cell.seed), error=error))
        else:
            run_cell(cell, store.suite.name, folder, store.places, attempt)
    finally:
        pulse.folder = None
        give_back(folder)
    return True


def parser() -> ArgumentParser:
    """Options of a worker."""
    found = ArgumentParser(description=__doc__)
    found.add_argument('suite')
    found.add_argument('--out', required=True)
    found.add_argument('--path', action='append', default=[])
    found.add_argument('--configs', type=Path)
    found.add_argument('--only')
    found.add_argument('--deadline', type=float)
    return found


def main(argv=None) -> None:
    """Work until nothing is left, or the time is up."""
    args = parser().parse_args(argv)
    pulse = Pulse(args.deadline)
    pulse.start()
    paths = dict(text.split('=', 1) for text in args.path)
    store = Store(args.suite, args.out, paths, args.configs)
    try:
        work(store, chosen(store.suite.cells, args.only), pulse)
    except Exception:
        traceback.print_exc()
        sys.exit(1)


if __name__ == '__main__':
    main()
