"""Starts workers, replaces those that die, and shows how far the suite is. Losing this process loses nothing."""

import time
from typing import List, Optional, Set

from .pool import Pool
from .progress_view import ProgressView
from .run_cell import read_failure, read_result
from .store import Store
from .suite import Cell


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
        self.store, self.cells, self.workers = store, cells, workers
        self.deadline, self.view = deadline, view
        self.pool = Pool(['mmnoisy.benchmark.worker', *command], store.out / 'logs', workers, view.say)
        self._seen: Set[str] = set()

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
            self.pool.start(min(self.workers, len(self.cells) - len(self._seen)))
            running = bool(self.pool.processes)
            while running:
                time.sleep(0.2)
                self._look()
                running = self.pool.look()
            self._look()
        finally:
            self.pool.end()
            self.view.end()

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
            self.pool.deaths = 0
            text = _figures(result) if result is not None else f'failed: {(failure or {}).get("error")}'
            self.view.finished(cell, text, [other for other in self.cells if other.key not in self._seen])


def _figures(result: dict) -> str:
    last = result['last']
    shown = 'no test data' if last is None else f'last {last:.1f}'
    if result['at_best_val'] is not None:
        shown += f', best on noisy validation {result["at_best_val"]:.1f}'
    return f'{shown}, {result["seconds"]["total"]:.1f} s'
