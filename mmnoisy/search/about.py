"""``search.json``: what a folder is a search of, written when it begins and read by whatever goes on with it."""

import json
from pathlib import Path
from typing import Tuple

from ..benchmark.contents import content_key
from ..files import write_json
from .confirm import number_of_folds
from .judged import Judged
from .same_data import check_same
from .space import Space, find_space, read_space

SEARCH = 'search.json'
#: What a person calls the entries that must not differ.
_SAID = dict(key='options')


def is_search(folder) -> bool:
    """Whether a search was begun in a folder."""
    return (Path(folder) / SEARCH).is_file()


def remember(space: Space, places: dict, seed: int, options: dict, out: Path, data: dict, plain: dict) -> Judged:
    """Write down what the folder is a search of; returns what judges its trials.

    Args:
        space (Space): The space.
        places (dict): Where data lie.
        seed (int): Of the search.
        options (dict): Entries of every trial's config.
        out (Path): The folder.
        data (dict): What tells the data apart, see :mod:`mmnoisy.search.same_data`.
        plain (dict): The whole config of plain training with these options.

    Raises:
        ValueError: It is one of something else.
    """
    check_same(out / SEARCH, data)
    judged = Judged('trusted' in data, number_of_folds(plain))
    wanted = dict(space=space.name, key=content_key(plain), slots=space.slots, seed=seed)
    base = str(Path(space.base).resolve()) if Path(space.base).is_file() else space.base
    again = dict(file=str(space.file.resolve()), base=base, epochs=space.epochs, num_samples=space.num_samples)
    if is_search(out):
        known = json.loads((out / SEARCH).read_text(encoding='utf-8'))
        other = [name for name in wanted if known.get(name) != wanted[name]]
        if other:
            raise ValueError(
                f'{out} holds another search (its {", ".join(_SAID.get(name, name) for name in other)} differ): name another '
                'folder for this one, or go on with the same data, space, options and seed.'
            )
    else:
        write_json(
            out / SEARCH, dict(wanted, **again, options=options, places=places, data=data, judged=judged._asdict())
        )
    return judged


def read_search(folder) -> Tuple[Space, dict]:
    """The space of a search, and all that its ``search.json`` says, with ``judged`` as :class:`mmnoisy.search.judged.Judged`.

    Raises:
        ValueError: The file is damaged, or the space cannot be read.
    """
    path = Path(folder) / SEARCH
    try:
        about = json.loads(path.read_text(encoding='utf-8'))
        about['judged'] = Judged(**about.get('judged', {}))
        changes = dict(base=about['base'], epochs=about['epochs'], num_samples=about['num_samples'])
        file = about['file'] if Path(about['file']).is_file() else find_space(about['space'])
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise ValueError(f'{path} is damaged ({type(error).__name__}: {error}): search in another folder.') from error
    return read_space(file, **changes), about
