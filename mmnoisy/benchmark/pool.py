"""Worker processes, of which those that are killed are replaced."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Dict, List

from .worker import TIME_IS_UP

#: Workers that may die one after another without a run being finished.
_DEATHS = 10


class Pool:
    """Processes of ``python -m <command>``.

    Args:
        command (list[str]): A module and its options.
        logs (Path): Folder for what they print.
        count (int): How many share the machine, for the number of their threads.
        say (Callable): Takes a line for the user.
    """

    def __init__(self, command: List[str], logs: Path, count: int, say: Callable[[str], None]):
        self.command, self.logs, self.count, self.say = command, logs, count, say
        self.processes: List[subprocess.Popen] = []
        self.deaths = 0
        self._log_of: Dict[int, str] = {}

    def start(self, count: int) -> None:
        """Start so many processes."""
        self.processes += [self._start() for _ in range(count)]

    def look(self) -> bool:
        """Replace those that were killed; returns whether any runs.

        Raises:
            RuntimeError: One ended with an error, or too many were killed; with the end of its log.
        """
        self.processes = [process for old in self.processes for process in self._replaced(old)]
        return bool(self.processes)

    def end(self) -> None:
        """End those that run; what they were at goes on another time."""
        for process in self.processes:
            process.terminate()

    def _start(self) -> subprocess.Popen:
        self.logs.mkdir(parents=True, exist_ok=True)
        environment = dict(os.environ)
        environment.setdefault('OMP_NUM_THREADS', str(max(1, (os.cpu_count() or 1) // self.count)))
        environment['PYTHONPATH'] = os.pathsep.join(
            [str(Path(__file__).resolve().parents[2]), *filter(None, [environment.get('PYTHONPATH')])]
        )
        with open(self.logs / f'worker-{os.getpid()}-{time.time_ns()}.log', 'wb') as log:
            command = [sys.executable, '-m', *self.command]
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
        self._log_of[process.pid] = log.name
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
            log = self._log_of[process.pid]
            tail = Path(log).read_text(errors='replace')[-2000:]
            raise RuntimeError(f'A worker ended with status {code}; the end of its log, {log}:\n{tail}')
        self.say(f'A worker was killed (signal {-code}); another takes its place.')
        return [self._start()]
