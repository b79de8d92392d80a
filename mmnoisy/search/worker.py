"""A process that takes one trial after another, so that starting Python and torch is paid once.

Trials are found in the folder of a search. A trial is held by the benchmark's lease: a lock, and a beat file for other
machines. One whose worker died is taken over and goes on from its checkpoint, under the same number.
"""

import os
import signal
import sys
import time
import traceback
from argparse import ArgumentParser
from pathlib import Path

from ..benchmark.lease import give_back, put_off, take
from ..benchmark.run_cell import FAILED
from ..benchmark.worker import ATTEMPTS, TIME_IS_UP, Pulse
from ..files import write_json
from .trial import TRIAL, is_finished, read_trial, run_trial, trials

#: The driver writes it when no trial will follow.
CLOSED = 'closed'


def work(out, pulse: Pulse, pattern: str = '*') -> None:
    """Run every trial that nobody else runs until the search is closed and all are finished."""
    out, done = Path(out), set()
    while True:
        closed = (out / CLOSED).is_file()
        open_trials = [folder for folder in trials(out, pattern) if folder not in done]
        taken = 0
        for folder in open_trials:
            if pulse.late():
                raise SystemExit(TIME_IS_UP)
            if is_finished(folder):
                done.add(folder)
            else:
                taken += run_one(folder, pulse)
        if closed and all(is_finished(folder) for folder in open_trials):
            return
        if not taken:
            time.sleep(0.2)


def run_one(folder: Path, pulse: Pulse) -> bool:
    """Run a trial unless somebody has it; returns whether it was run."""
    attempt = take(folder)
    if attempt is None:
        return False
    pulse.folder = folder
    try:
        if is_finished(folder) or not (folder / TRIAL).is_file():  # Between looking and taking; or it was withdrawn.
            give_back(folder)
            return False
        if attempt > ATTEMPTS:
            error = f'{ATTEMPTS} processes died of this trial, of lack of memory perhaps. The log of the worker may say more.'
            write_json(folder / FAILED, dict(read_trial(folder), error=error))
        else:
            run_trial(folder, attempt)
    except OSError:
        pulse.folder = None
        put_off(folder)
        raise
    finally:
        pulse.folder = None
    give_back(folder)
    return True


def leave(pulse: Pulse) -> None:
    """End this process; that it was ended while a trial ran does not count against the trial."""
    if pulse.folder is not None:
        put_off(pulse.folder)
    os._exit(TIME_IS_UP)


def main(argv=None) -> None:
    """Work until the search is closed, or the time is up."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument('out', help='folder of the search')
    parser.add_argument('--deadline', type=float, help='seconds since the epoch')
    parser.add_argument('--pattern', default='*', help='names of the trials')
    args = parser.parse_args(argv)
    pulse = Pulse(args.deadline)
    pulse.start()
    signal.signal(signal.SIGTERM, lambda *_: leave(pulse))
    try:
        work(args.out, pulse, args.pattern)
    except Exception:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


if __name__ == '__main__':
    main()
