"""What a search is of, its data and the options of its trials: a folder is searched like that again, or not at all."""

import hashlib
import json
import os
from pathlib import Path
from typing import Dict, Iterator, Optional

from ..benchmark.contents import data_identity
from ..datasets.own_data import OwnData

#: What a person calls data of these names.
_SAID = dict(data='images', trusted='trusted images', test='test images')


def of_images(**given: Optional[OwnData]) -> Dict[str, dict]:
    """What tells images and their labels apart, by the names that are given and not None: paths, labels, parts, sizes of files."""
    found = {}
    for name, data in given.items():
        if data is not None:
            rows = zip(data.paths, data.labels.tolist(), data.split.tolist(), map(_size, data.paths))
            text = repr(data.classes) + ''.join(
                f'\n{path}\t{label}\t{part}\t{size}' for path, label, part, size in rows
            )
            digest = hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()[:16]
            found[name] = dict(source=str(data.source), images=len(data.paths), checksum=digest)
    return found


def of_places(places: Dict[str, str]) -> Dict[str, dict]:
    """The same for data that lie in places: feature banks, or other folders."""
    return {name: dict(source=str(place), checksum=data_identity(place)) for name, place in places.items()}


def of_options(**given) -> Dict[str, dict]:
    """The same for options of a command that change its trials; those that are None or False are not there."""
    kept = {name: value for name, value in given.items() if value is not None and value is not False}
    text = ' '.join(f'--{name}' if value is True else f'--{name} {value}' for name, value in kept.items())
    return dict(options=dict(source=text, checksum=text))


def check_same(path: Path, wanted: Dict[str, dict]) -> None:
    """Refuse another search than the one that a folder holds.

    Args:
        path (Path): The folder's ``search.json``; where it is not there or says nothing of data, nothing is refused.
        wanted (dict): See :func:`of_images`.

    Raises:
        ValueError: They differ; the message says in what, and what to do.
    """
    try:
        known = json.loads(path.read_text(encoding='utf-8')).get('data') if path.is_file() else None
    except ValueError as error:
        raise ValueError(f'{path} is damaged ({error}): search in another folder.') from error
    other = list(_differences(known, wanted)) if known is not None else []
    if other:
        raise ValueError(
            f'{path.parent} holds another search ({"; ".join(other)}): name another folder for this one, or remove '
            f'{path.parent} to search there anew.'
        )


def _differences(known: Dict[str, dict], wanted: Dict[str, dict]) -> Iterator[str]:
    for name in [*wanted, *(name for name in known if name not in wanted)]:
        then, now = known.get(name), wanted.get(name)
        if then != now and (then is None or now is None or then['checksum'] != now['checksum']):
            word, before, after = _SAID.get(name, name), _said(then), _said(now)
            if before == after:
                yield f'{word}: {after}, whose files, labels or parts were others then'
            else:
                yield f'{word}: {before} then, {after} now'


def _said(one: Optional[dict]) -> str:
    if one is None:
        return 'none'
    return f'{one["source"]} ({one["images"]:,} images)' if 'images' in one else one['source']


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return -1
