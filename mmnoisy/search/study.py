"""The Optuna study of a search: in a journal file, or a database; asked and told by one driver at a time."""

from pathlib import Path
from typing import Any, Dict, List, Optional

from .choice import Choice
from .rules import nearest
from .space import Space

JOURNAL = 'study.journal'
SAMPLERS = ('tpe', 'random')


def optuna():
    """The package.

    Raises:
        ImportError: It is not installed; the message says how.
    """
    try:
        import optuna as found
    except ImportError as error:
        raise ImportError('A search needs Optuna: pip install "mmnoisy[search]".') from error
    found.logging.set_verbosity(found.logging.WARNING)
    return found


def open_study(out, name: str, storage: Optional[str] = None, sampler: str = 'tpe', seed: int = 0):
    """The study of a search's folder, made where there is none.

    The caller holds the folder: what a killed driver left of the journal is put in order.

    Args:
        out (str | Path): Folder of the search.
        name (str): Of the study.
        storage (str, optional): Url of a database; the journal in ``out`` where None.
        sampler (str): ``'tpe'`` or ``'random'``.
        seed (int): Of the sampler.
    """
    found = optuna()
    if storage is None:
        journal = Path(out) / JOURNAL
        repair(journal)
        backend = found.storages.journal.JournalFileBackend(str(journal))
        store: Any = found.storages.JournalStorage(backend)
    else:
        store = storage
    return found.create_study(
        study_name=name, storage=store, sampler=make_sampler(sampler, seed), direction='maximize', load_if_exists=True
    )


def make_sampler(name: str, seed: int):
    """Multivariate TPE, or random search."""
    found = optuna()
    if name == 'random':
        return found.samplers.RandomSampler(seed=seed)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        # Numbers belong to a part: they are no parameters of most trials.
        return found.samplers.TPESampler(
            seed=seed, multivariate=True, warn_independent_sampling=False, n_startup_trials=8
        )


def repair(journal: Path) -> None:
    """Remove the lock and the torn last line that a killed process left. Only for who holds the folder."""
    for lock in journal.parent.glob(journal.name + '.lock*'):
        lock.unlink(missing_ok=True)
    if not journal.is_file():
        return
    with open(journal, 'r+b') as file:
        content = file.read()
        if content and not content.endswith(b'\n'):
            file.truncate(content.rfind(b'\n') + 1)


def suggest(trial, space: Space) -> Choice:
    """Ask a trial for a choice; parts that do not compose are replaced by the first of their slot that do."""
    wanted = {slot: trial.suggest_categorical(slot, list(names)) for slot, names in space.slots.items()}
    parts = nearest(space.rules, space.slots, wanted)
    return Choice(parts, {name: _number(trial, name, given) for name, given in space.ranges(parts).items()})


def _number(trial, name: str, given: dict):
    if 'choices' in given:
        return trial.suggest_categorical(name, list(given['choices']))
    value = trial.suggest_float(name, given['low'], given['high'], log=bool(given.get('log')))
    # Four digits: a config is for reading.
    return float(f'{value:.4g}')


def distributions(space: Space, choice: Choice) -> Dict[str, Any]:
    """Of the parameters of a choice, for trials that are added to a study as they are."""
    found = optuna().distributions
    result: Dict[str, Any] = {slot: found.CategoricalDistribution(list(names)) for slot, names in space.slots.items()}
    for name, given in space.ranges(choice.parts).items():
        if 'choices' in given:
            result[name] = found.CategoricalDistribution(list(given['choices']))
        else:
            result[name] = found.FloatDistribution(given['low'], given['high'], log=bool(given.get('log')))
    return result


def enqueue(study, choices: List[Choice]) -> None:
    """Let these be tried first, those that were not."""
    for choice in choices:
        study.enqueue_trial(choice.params(), skip_if_exists=True)
