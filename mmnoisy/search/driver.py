"""Asks the study what to try, writes trials, starts workers, stops what is bad, tells the study what came out.

All that is known lies in files, so this process can be lost at any moment: the study (asked trials and what was told), the
folders of the trials (what they are, what came out), and nothing else. A trial is told once, by its number.
"""

import shutil
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

from ..benchmark.lease import give_back, is_held, take
from ..benchmark.pool import Pool
from ..benchmark.run_cell import read_result
from ..engine.hooks.validation_record_hook import objective
from ..files import write_text
from .asha import rungs, should_stop
from .budget import Budget
from .choice import Choice, key, to_dict
from .space import Space
from .study import enqueue, suggest
from .trial import STOP, curve, failure, is_finished, make_trial, read_trial, stopped_after
from .worker import CLOSED

#: Trials that may fail one after another, and choices that may be known already, before a search ends.
_FAILURES, _KNOWN = 10, 100


class Driver:
    """Runs a search.

    Args:
        study (optuna.Study): The study.
        space (Space): The space.
        out (str | Path): Folder of the search.
        workers (int): Processes on this machine.
        budget (Budget): When no further trial begins.
        first (list[Choice]): Tried before the sampler is asked.
        options (dict): Entries of every trial's config.
        places (dict[str, str]): Where data lie.
        prune (bool): Stop bad trials early. Defaults to True.
        folds (int): On how many shares of the data each trial is judged. Defaults to 1.
        say (Callable): Takes lines for the user.
    """

    def __init__(
        self,
        study,
        space: Space,
        out,
        workers: int,
        budget: Budget,
        first: List[Choice],
        options: Optional[dict] = None,
        places: Optional[Dict[str, str]] = None,
        prune: bool = True,
        folds: int = 1,
        say: Callable[[str], None] = print,
    ):
        self.study, self.space, self.out, self.workers, self.budget = study, space, Path(out), workers, budget
        self.first, self.options, self.places, self.prune, self.folds, self.say = (
            first,
            options,
            places,
            prune,
            folds,
            say,
        )
        self.failed = 0
        self.levels = rungs(space.epochs, space.warmup)
        self.curves: Dict[int, Dict[int, float]] = {}
        self.pool = Pool(['mmnoisy.search.worker', str(self.out)], self.out / 'logs', workers, say)

    def run(self) -> None:
        """Search until the budget is spent and every begun trial has ended.

        Raises:
            RuntimeError: Workers cannot work, of a full disk perhaps, or trial after trial fails. The same call goes on.
        """
        begun = time.time()
        (self.out / CLOSED).unlink(missing_ok=True)
        enqueue(self.study, self.first)
        self.recover()
        try:
            self.pool.start(self.workers)
            running = True
            while running:
                open_ones = self.look()
                if not (self.out / CLOSED).is_file():
                    self.fill(open_ones, begun)
                running = self.pool.look() or bool(open_ones and self.pool.processes)
                time.sleep(0.2)
            self.look()
        finally:
            self.pool.end()

    # What was lost with an earlier driver.

    def recover(self) -> None:
        """Trials that were asked but not written are asked again; those of which a worker died are left to the workers."""
        states = _states()
        for trial in self.study.get_trials(deepcopy=False, states=(states.COMPLETE, states.PRUNED)):
            if 'same_as' not in trial.user_attrs:
                self.curves[trial.number] = curve(self.folder(trial.number))
        for trial in self.study.get_trials(deepcopy=False, states=(states.RUNNING,)):
            if not (self.folder(trial.number) / 'trial.json').is_file():
                shutil.rmtree(self.folder(trial.number), ignore_errors=True)
                self.study.tell(trial.number, state=states.FAIL, skip_if_finished=True)
                params = {**trial.system_attrs.get('fixed_params', {}), **trial.params}
                if params:
                    self.study.enqueue_trial(params, skip_if_exists=False)

    def folder(self, number: int) -> Path:
        return self.out / 'trials' / f'{number:05d}'

    # What workers did.

    def look(self) -> List[int]:
        """Tell the study what ended, stop what is bad; returns the numbers of the trials that go on."""
        going = []
        for trial in self.study.get_trials(deepcopy=False, states=(_states().RUNNING,)):
            folder = self.folder(trial.number)
            if is_finished(folder):
                self.pool.deaths = 0
                self.tell(trial, folder)
            else:
                going.append(trial.number)
                self.curves[trial.number] = curve(folder)
                if self.prune and not (folder / STOP).is_file() and self.is_bad(trial.number):
                    write_text(folder / STOP, '')
        return going

    def is_bad(self, number: int) -> bool:
        """Whether a running trial is to be stopped."""
        others = [found for other, found in self.curves.items() if other != number]
        return should_stop(self.curves[number], others, self.levels)

    def tell(self, trial, folder: Path) -> None:
        """Tell the study what came out of a trial."""
        states, result = _states(), read_result(folder)
        if result is None:
            self.study.tell(trial.number, state=states.FAIL, skip_if_finished=True)
            why = (failure(folder) or '').splitlines()[0][:300]
            self.say(f'{trial.number}: failed: {why}')
            self.failed += 1
            if self.failed == _FAILURES:
                raise RuntimeError(f'{_FAILURES} trials failed one after another, the last in {folder}: {why}')
            return
        self.failed = 0
        found = self.curves[trial.number] = curve(folder)
        value = objective(found)
        early = stopped_after(result)
        if early:
            from optuna.trial import Trial

            asked = Trial(self.study, trial._trial_id)
            for epoch in found:
                asked.report(at_epoch(found, epoch), epoch)
            self.study.tell(trial.number, state=states.PRUNED, skip_if_finished=True)
        else:
            self.study.tell(trial.number, value, skip_if_finished=True)
        # Of those that came to their end: on fewer folds an accuracy is another one.
        whole = self.study.get_trials(deepcopy=False, states=(states.COMPLETE,))
        best = max((one.value for one in whole), default=value)
        choice = Choice(**read_trial(folder)['choice'])
        how = f' (stopped after {early})' if early else ''
        self.say(f'{trial.number}: {value:.2f}{how}, best {best:.2f}: {choice}')

    # What workers are to do.

    def fill(self, going: List[int], begun: float) -> None:
        """Write trials so that no worker waits; close the search when the budget is spent."""
        waiting = [n for n in going if not is_held(self.folder(n))]
        epochs = sum(max(found, default=0) for found in self.curves.values())
        if self.budget._replace(trials=None).is_spent(begun, epochs, 0):
            for number in waiting:
                self.withdraw(number)
            write_text(self.out / CLOSED, '')
        elif self.is_full() and not going:
            # Not while one runs: where it fails, another is tried.
            write_text(self.out / CLOSED, '')
        known = 0
        # One for each worker to go on with, here or elsewhere.
        while len(waiting) < self.workers and not (self.is_full() or (self.out / CLOSED).is_file()):
            number = self.ask()
            known += number is None
            if number is not None:
                waiting.append(number)
            elif known == _KNOWN:
                self.say(f'The last {_KNOWN} choices had all been tried: the space is searched.')
                write_text(self.out / CLOSED, '')

    def is_full(self) -> bool:
        """Whether as many trials ran or run as the budget has."""
        return self.budget.trials is not None and self.begun() >= self.budget.trials

    def begun(self) -> int:
        """Trials that ran or run; what was withdrawn, failed or known before is none."""
        states = _states()
        kept = (states.RUNNING, states.COMPLETE, states.PRUNED)
        return sum('same_as' not in t.user_attrs for t in self.study.get_trials(deepcopy=False, states=kept))

    def ask(self) -> Optional[int]:
        """Ask for a trial and write it; returns its number, None where its config has been tried."""
        trial = self.study.ask()
        choice = suggest(trial, self.space)
        found = key(self.space, choice, self.options)
        states = _states()
        for other in self.study.get_trials(deepcopy=False, states=(states.COMPLETE, states.PRUNED, states.RUNNING)):
            if other.user_attrs.get('key') == found:
                trial.set_user_attr('same_as', other.number)
                done = other.state == states.COMPLETE
                self.study.tell(trial, other.value if done else None, state=None if done else states.FAIL)
                return None
        trial.set_user_attr('key', found)
        trial.set_user_attr('choice', to_dict(choice))
        about: Dict[str, Any] = dict(number=trial.number, key=found, folds=self.folds, race=self.prune)
        make_trial(self.folder(trial.number), self.space, choice, options=self.options, places=self.places, **about)
        return trial.number

    def withdraw(self, number: int) -> None:
        """Take back a trial that nobody began; it is asked first when the search goes on."""
        folder = self.folder(number)
        if take(folder) is None:
            return
        if is_finished(folder):
            give_back(folder)
            return
        params = Choice(**read_trial(folder)['choice']).params()
        (folder / 'trial.json').unlink()
        give_back(folder)
        self.study.tell(number, state=_states().FAIL, skip_if_finished=True)
        self.study.enqueue_trial(params)


def at_epoch(found: Dict[int, float], epoch: int) -> float:
    """The objective as it was after an epoch."""
    return objective({e: value for e, value in found.items() if e <= epoch}) or 0.0


def _states():
    from optuna.trial import TrialState

    return TrialState
