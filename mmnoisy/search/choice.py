"""One choice of a space: a part for each slot and the numbers of these parts, and the config that it stands for."""

import copy
import os
import random
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

from mmengine.config import Config

from ..benchmark.contents import config_text, content_key, put_strings
from ..config import config_path
from .rules import nearest
from .space import Space

Number = Any


class Choice(NamedTuple):
    """Parts by slot, and numbers by ``slot.part.number`` (``number`` where the space has it)."""

    parts: Dict[str, str]
    numbers: Dict[str, Number]

    def __str__(self) -> str:
        named = [f'{slot}={part}' for slot, part in self.parts.items() if part not in ('none', 'linear')]
        shown = [f'{name.rpartition(".")[2]} {value:.3g}' for name, value in self.numbers.items()]
        return f'{" ".join(named) or "cross entropy"} ({", ".join(shown)})'

    def params(self) -> Dict[str, Any]:
        """As parameters of a trial."""
        return {**self.parts, **self.numbers}


def complete(
    space: Space, parts: Optional[Dict[str, str]] = None, numbers: Optional[Dict[str, Number]] = None
) -> Choice:
    """A choice from what is named of it: the first part of a slot, the defaults of numbers, for the rest.

    Raises:
        ValueError: A slot, part or number that the space does not have, or parts that do not compose.
    """
    wanted = {slot: (parts or {}).get(slot, names[0]) for slot, names in space.slots.items()}
    for slot, part in (parts or {}).items():
        if slot not in space.slots or part not in space.slots[slot]:
            raise ValueError(f'The space {space.name} has no {slot}={part}.')
    found = nearest(space.rules, space.slots, wanted, list(parts or {}))
    changed = [f'{slot}={part}' for slot, part in (parts or {}).items() if found[slot] != part]
    if changed:
        raise ValueError(f'{", ".join(changed)} does not compose with the other parts of {parts}.')
    ranges = space.ranges(found)
    unknown = set(numbers or {}) - set(ranges)
    if unknown:
        raise ValueError(
            f'{sorted(unknown)[0]!r} is no number of these parts: {", ".join(ranges) or "they have none"}.'
        )
    return Choice(found, {name: (numbers or {}).get(name, default(given)) for name, given in ranges.items()})


def default(given: dict) -> Number:
    """The default of a range: as declared, else the first choice or the low end."""
    return given.get('default', given['choices'][0] if 'choices' in given else given['low'])


def draw(space: Space, rng: random.Random) -> Choice:
    """A random choice: each slot's part with equal chances, made to compose, and numbers from their ranges."""
    from math import exp, log

    parts = nearest(space.rules, space.slots, {slot: rng.choice(names) for slot, names in space.slots.items()})
    numbers = {}
    for name, given in space.ranges(parts).items():
        if 'choices' in given:
            numbers[name] = rng.choice(given['choices'])
        elif given.get('log'):
            numbers[name] = float(f'{exp(rng.uniform(log(given["low"]), log(given["high"]))):.3g}')
        else:
            numbers[name] = float(f'{rng.uniform(given["low"], given["high"]):.3g}')
    return Choice(parts, numbers)


def base_file(space: Space) -> str:
    """Path of the space's base config."""
    return space.base if Path(space.base).is_file() else config_path(space.base)


def content(
    space: Space, choice: Choice, extra: Optional[dict] = None, places: Optional[Dict[str, str]] = None
) -> dict:
    """The whole config of a choice.

    Args:
        space (Space): Its space.
        choice (Choice): Parts and numbers.
        extra (dict, optional): More entries, by dotted keys; each takes the place of what is there.
        places (dict, optional): Where data lie, by the names that the base has for them.
    """
    cfg = Config.fromfile(base_file(space))
    network = cfg.pop('model').to_dict()
    parts = {slot: copy.deepcopy(space.parts[slot][part]) for slot, part in choice.parts.items()}
    known = _known(space, cfg, network)
    filled = {slot: put_strings(part, {**known, **_own(choice, slot)}) for slot, part in parts.items()}
    step = next((part['step'] for part in filled.values() if 'step' in part), None)
    for part in filled.values():
        for key, value in part.get('network', {}).items():
            _set(network, key, value)
    for part in filled.values():
        if 'wrap' in part:
            network = dict(put_strings(part['wrap'], {'{semi}': step}), network=network)
    cfg.model = network
    views = _views(filled)
    if views:
        cfg.data_preprocessor.update(type='mmnoisy.MultiViewDataPreprocessor', views=views)
    options = {'train_cfg.max_epochs': space.epochs, **space.options, **(extra or {})}
    for key, value in put_strings(copy.deepcopy(options), {**known, **_own(choice, '')}).items():
        _set(cfg, key, value)
    for part in filled.values():
        for key, value in part.get('config', {}).items():
            _set(cfg, key, value)
    hooks = [hook for part in filled.values() for hook in part.get('hooks', [])]
    if hooks:
        cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), *hooks]
    found = cfg.to_dict()
    return put_strings(found, {place: (places or {}).get(name, place) for name, place in space.paths.items()})


def _views(filled: Dict[str, dict]) -> List[dict]:
    """The views of each image: so many as a part asks for, made as another says; [] where nobody says."""
    asked = {name: part[name] for part in filled.values() for name in ('view', 'views', 'last_view') if name in part}
    if not asked:
        return []
    views = [asked.get('view', {})] * asked.get('views', 1)
    return [*views[:-1], asked['last_view']] if 'last_view' in asked else views


def _known(space: Space, cfg: Config, network: dict) -> Dict[str, Any]:
    classes = (network.get('head') or {}).get('num_classes') or cfg.data_preprocessor.num_classes
    return {
        '{num_classes}': classes,
        '{num_classes+1}': classes + 1,
        '{num_samples}': space.num_samples,
        '{epochs}': space.epochs,
        '{warmup}': space.warmup,
        '{half}': max(1, space.epochs // 2),
    }


def _own(choice: Choice, slot: str) -> Dict[str, Any]:
    """Numbers of one slot's part (of the space for ''), by the strings that stand for them."""
    prefix = f'{slot}.{choice.parts[slot]}.' if slot else ''
    return {
        '{' + name[len(prefix) :] + '}': value
        for name, value in choice.numbers.items()
        if name.startswith(prefix) and '.' not in name[len(prefix) :]
    }


def _set(node, key: str, value) -> None:
    """Set a nested entry; a dict that is there is replaced, not merged."""
    *parents, last = key.split('.')
    for name in parents:
        if node.get(name) is None:
            node[name] = {}
        node = node[name]
    node[last] = value


def changes(old: dict, new: dict) -> dict:
    """What has to be merged into ``old`` to make it ``new``; of the outermost entries none may be missing in ``new``."""
    found: Dict[str, Any] = {}
    for key, value in new.items():
        if key in old and old[key] == value and type(old[key]) is type(value):
            continue
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            gone = set(old[key]) - set(value)
            found[key] = dict(value, _delete_=True) if gone else changes(old[key], value)
        elif isinstance(value, dict) and key in old:
            found[key] = dict(value, _delete_=True)
        else:
            found[key] = value
    return found


def as_file(space: Space, whole: dict, path, note: str = '', pretty: bool = False) -> str:
    """The text of a config file: what differs from the space's base, a few lines over it.

    Args:
        space (Space): The space.
        whole (dict): See :func:`content`.
        path (str | Path): Where the file will lie; its base is named from there.
        note (str): Sentences for its head.
        pretty (bool): Laid out for reading, which takes a third of a second. Defaults to False.
    """
    base = Config.fromfile(base_file(space)).to_dict()
    if Path(space.base).is_file():
        named = repr(os.path.relpath(Path(space.base).resolve(), Path(path).resolve().parent))
    else:
        named = f"__import__('mmnoisy').config_path({space.base!r})"
    head = ''.join(f'# {line}\n' for line in note.splitlines())
    found = changes(base, whole)
    return f'{head}_base_ = {named}\n{Config(found).pretty_text if pretty else config_text(found)}'


def key(space: Space, choice: Choice, extra: Optional[dict] = None) -> str:
    """Tells choices apart by the config that they make."""
    return content_key(content(space, choice, extra))


def to_dict(choice: Choice) -> Dict[str, dict]:
    """For json."""
    return dict(parts=dict(choice.parts), numbers=dict(choice.numbers))


def from_dict(stored: dict) -> Choice:
    """The reverse of :func:`to_dict`."""
    return Choice(dict(stored['parts']), dict(stored['numbers']))


def distinct(choices: List[Choice]) -> List[Choice]:
    """Without repetitions, in order."""
    found: Dict[str, Choice] = {}
    for choice in choices:
        found.setdefault(repr(sorted(choice.params().items())), choice)
    return list(found.values())
