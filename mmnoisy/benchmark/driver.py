"""Starts workers, replaces those that die, and shows how far the suite is. Losing this process loses nothing."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List, Optional, Set

from .progress_view import ProgressView
from .run_cell import read_failure, read_result
from .store import Store
from .suite import Cell
from .worker import TIME_IS_UP

#: Workers that may die one after another without a run being finished.
_DEATHS = 10


class Driver:
    """Runs cells of a store.

    Args:
        store (Store): Suite and output.
        cells (list[Cell]): What to run.
        workers (int): Processes.
        command (list[str]): Options of a worker, see :mod:`mmnoisy.benchmark.worker`.
        deadline (float, optional): Seconds since the epoch at which to stop.
        view (ProgressView): Takes what happens.
    """

    def __init__(
        self,
        store: Store,
        cells: List[Cell],
        workers: int,
        command: List[str],
        deadline: Optional[float],
        view: ProgressView,
    ):
        self.store, self.cells, self.workers, self.command = store, cells, workers, command
        self.deadline, self.view = deadline, view
        self.processes: List[subprocess.Popen] = []
        self.deaths = 0
        self._seen: Set[str] = set()
        self._logs: Dict[int, str] = {}

    def run(self) -> None:
        """Return when all workers have ended.

        Raises:
            RuntimeError: Workers die again and again, or cannot start.
        """
        for cell in self.cells:
            if self.store.state(cell) in ('done', 'failed'):
                self._seen.add(cell.key)
        self.view.begin(len(self._seen))
        try:
            self.processes = [self._start() for _ in range(min(self.workers, len(self.cells) - len(self._seen)))]
            while self.processes:
                time.sleep(0.2)
                self._look()
                self.processes = [process for old in self.processes for process in self._replaced(old)]
            self._look()
        finally:
            for process in self.processes:
                process.terminate()
            self.view.end()

    def _start(self) -> subprocess.Popen:
        logs = self.store.out / 'logs'
        logs.mkdir(parents=True, exist_ok=True)
        environment = dict(os.environ)
        environment.setdefault('OMP_NUM_THREADS', str(max(1, (os.cpu_count() or 1) // self.workers)))
        environment['PYTHONPATH'] = os.pathsep.join(
            [str(Path(__file__).resolve().parents[2]), *filter(None, [environment.get('PYTHONPATH')])]
        )
        with open(logs / f'worker-{os.getpid()}-{time.time_ns()}.log', 'wb') as log:
            command = [sys.executable, '-m', 'mmnoisy.benchmark.worker', *self.command]
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
        self._logs[process.pid] = log.name
        return process

    def _replaced(self, process) -> list:
        """The process itself while it runs, another one where it died, none where it has ended."""
        code = process.poll()
        if code is None:
            return [process]
        if code in (0, TIME_IS_UP):
            return []
        self.deaths += 1
        if code > 0 or self.deaths > _DEATHS:
            log = self._logs[process.pid]
            tail = Path(log).read_text(errors='replace')[-2000:]
            raise RuntimeError(f'A worker ended with status {code}; the end of its log, {log}:\n{tail}')
        self.view.say(f'A worker was killed (signal {-code}); another takes its place.')
        return [self._start()]

    def _look(self) -> None:
        """Show what was finished since the last look, by whom ever."""
        for cell in self.cells:
            if cell.key in self._seen:
                continue
            folder = self.store.folder(cell)
            result, failure = read_result(folder), read_failure(folder)
            if result is None and failure is None:
                continue
            self._seen.add(cell.key)
            self.deaths = 0
            text = _figures(result) if result is not None else f'failed: {(failure or {}).get("error")}'
            self.view.finished(cell, text, [other for other in self.cells if other.key not in self._seen])


def _figures(result: dict) -> str:
    last = result['last']
    shown = 'no test data' if last is None else f'last {last:.1f}'
    if result['at_best_val'] is not None:
        shown += f', best on noisy validation {result["at_best_val"]:.1f}'
    return f'{shown}, {result["seconds"]["total"]:.1f} s'
