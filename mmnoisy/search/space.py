"""A space of configs: slots, the parts that can fill them, numbers, and what composes. Read from a config and checked."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

from mmengine.config import Config

from ..config import config_path
from ..part_options import nearest
from .rules import Rule, completes, read_rules

#: Slots that a space may have, in the order in which a choice names them.
SLOTS = ('selection', 'loss', 'correction', 'semi', 'regulariser', 'augmentation', 'network')
_KEYS = {
    'name',
    'title',
    'base',
    'paths',
    'epochs',
    'slots',
    'parts',
    'rules',
    'numbers',
    'options',
    'suite',
    'grid',
    'num_samples',
}
_PART = {'network', 'wrap', 'config', 'hooks', 'numbers', 'step', 'view', 'last_view', 'views'}
_NUMBER = {'low', 'high', 'log', 'default', 'choices'}


@dataclass(frozen=True)
class Space:
    """What a search chooses from.

    Args:
        name (str): A word.
        title (str): A line.
        file (Path): Where it was read.
        base (str): Config that the parts change: a name of the package's, or a file.
        epochs (int): Of a trial.
        slots (dict[str, list[str]]): Names of the parts of each slot, in the order of :data:`SLOTS`.
        parts (dict[str, dict[str, dict]]): What each does, by slot and name.
        rules (list[Rule]): What composes.
        numbers (dict[str, dict]): Ranges of numbers that every trial has.
        options (dict): Entries of the config that every trial has.
        paths (dict[str, str]): Places of data in the base, by name.
        suite (str, optional): Suite of the benchmark whose noises are the settings of a grid.
        grid (dict): Entries of the config in a grid.
        num_samples (int): Training images, or more.
    """

    name: str
    title: str
    file: Path
    base: str
    epochs: int
    slots: Dict[str, List[str]]
    parts: Dict[str, Dict[str, dict]]
    rules: List[Rule]
    numbers: Dict[str, dict] = field(default_factory=dict)
    options: Dict[str, Any] = field(default_factory=dict)
    paths: Dict[str, str] = field(default_factory=dict)
    suite: Optional[str] = None
    grid: Dict[str, Any] = field(default_factory=dict)
    num_samples: int = 50_000

    @property
    def warmup(self) -> int:
        """Epochs before a method does more than to learn: an eighth, at least one."""
        return max(1, self.epochs // 8)

    def ranges(self, parts: Dict[str, str]) -> Dict[str, dict]:
        """The numbers of chosen parts and of the space, by ``slot.part.number`` or ``number``."""
        found = dict(self.numbers)
        for slot, part in parts.items():
            for name, given in self.parts[slot][part].get('numbers', {}).items():
                found[f'{slot}.{part}.{name}'] = given
        return found


def find_space(name) -> str:
    """Path of a space: a file, or the name of one of the package's.

    Raises:
        FileNotFoundError: There is none.
    """
    if Path(name).is_file():
        return str(name)
    known = {path.stem: str(path) for path in sorted(Path(config_path('spaces/features')).parent.glob('*.py'))}
    if str(name) not in known:
        raise FileNotFoundError(
            f'There is no space {str(name)!r}, neither a file nor one of the package{nearest(str(name), list(known))}: '
            f'{", ".join(known)}.'
        )
    return known[str(name)]


def read_space(path, **changes) -> Space:
    """Read a space and check all of it.

    Args:
        path (str | Path): The file, see ``configs/spaces/`` and ``configs/_base_/spaces/parts.py``.
        **changes: Entries in place of the file's: ``base``, ``epochs``, ``num_samples``.

    Raises:
        ValueError: All that is wrong with it, in one message.
    """
    try:
        declared = Config.fromfile(path).to_dict()
    except Exception as error:
        raise ValueError(f'The space {path} cannot be read ({type(error).__name__}: {error}).') from error
    declared.update({key: value for key, value in changes.items() if value is not None})
    problems = [f'unknown entry {key!r}' for key in sorted(set(declared) - _KEYS)]
    problems += [f'no entry {key!r}' for key in ('name', 'base', 'epochs', 'slots', 'parts') if key not in declared]
    if not problems:
        problems = list(_problems(declared))
    if problems:
        raise ValueError(f'The space {path} cannot be searched:\n' + '\n'.join(f'  {line}' for line in problems))
    return _space(declared, Path(path))


def _space(declared: dict, file: Path) -> Space:
    slots = {slot: list(declared['slots'][slot]) for slot in SLOTS if slot in declared['slots']}
    parts = {slot: {name: declared['parts'][slot][name] for name in names} for slot, names in slots.items()}
    kept = {key: declared[key] for key in _KEYS & set(declared) - {'slots', 'parts', 'rules', 'title'}}
    rules = read_rules(declared.get('rules', []))
    return Space(
        title=declared.get('title', declared['name']), file=file, slots=slots, parts=parts, rules=rules, **kept
    )


def _problems(declared: dict) -> Iterator[str]:
    slots, parts = declared['slots'], declared['parts']
    for slot in slots:
        if slot not in SLOTS:
            yield f'slots: there is no slot {slot!r}, only {", ".join(SLOTS)}.'
        elif not slots[slot]:
            yield f'slots.{slot} is empty: leave the slot out, or name a part.'
    known = {slot: names for slot, names in slots.items() if slot in SLOTS}
    for slot, names in known.items():
        for name in names:
            if name not in parts.get(slot, {}):
                yield f'slots.{slot}: there is no part {name!r}, only {", ".join(parts.get(slot, {})) or "none at all"}.'
    used = {
        slot: {name: parts[slot][name] for name in names if name in parts.get(slot, {})}
        for slot, names in known.items()
    }
    for slot, content in used.items():
        for name, part in content.items():
            yield from _part_problems(f'parts.{slot}.{name}', part)
    for name, given in declared.get('numbers', {}).items():
        yield from _number_problems(f'numbers.{name}', given)
    if not isinstance(declared['epochs'], int) or declared['epochs'] < 2:
        yield f'epochs must be a whole number, at least 2, not {declared["epochs"]!r}.'
    yield from _rule_problems(declared, {slot: list(content) for slot, content in used.items()})


def _part_problems(place: str, part: dict) -> Iterator[str]:
    for key in sorted(set(part) - _PART):
        yield f'{place} has the unknown entry {key!r}; known: {", ".join(sorted(_PART))}.'
    for kind in _types(part):
        problem = unknown_type(kind)
        if problem:
            yield f'{place}: {problem}'
    text = repr({key: value for key, value in part.items() if key != 'numbers'})
    for name, given in part.get('numbers', {}).items():
        yield from _number_problems(f'{place}.numbers.{name}', given)
        if '{' + name + '}' not in text:
            yield f"{place}.numbers.{name} is used nowhere: write '{{{name}}}' where its value belongs."


def _number_problems(place: str, given: dict) -> Iterator[str]:
    unknown = set(given) - _NUMBER
    if unknown:
        yield f'{place} has the unknown entries {sorted(unknown)}; known: {", ".join(sorted(_NUMBER))}.'
    elif 'choices' in given:
        if not given['choices'] or given.get('default', given['choices'][0]) not in given['choices']:
            yield f'{place}: choices is empty, or the default is none of them.'
    elif not ('low' in given and 'high' in given):
        yield f'{place} needs low and high, or choices.'
    elif not given['low'] < given['high']:
        yield f'{place} is an empty range: low {given["low"]} is not below high {given["high"]}.'
    elif given.get('log') and given['low'] <= 0:
        yield f'{place}: a logarithmic range needs low above 0, not {given["low"]}.'
    elif not given['low'] <= given.get('default', given['low']) <= given['high']:
        yield f'{place}: the default {given["default"]} is outside of {given["low"]} .. {given["high"]}.'


def _rule_problems(declared: dict, slots: Dict[str, List[str]]) -> Iterator[str]:
    try:
        rules = read_rules(declared.get('rules', []))
    except ValueError as error:
        yield str(error)
        return
    for rule in rules:
        for slot, names in ((rule.slot, rule.names), (rule.other, rule.others)):
            unknown = [name for name in names if name not in declared['parts'].get(slot, {})]
            if unknown:
                yield f'rules: {rule} names {slot}={unknown[0]}, which is no part.'
    ordered = {slot: slots[slot] for slot in SLOTS if slots.get(slot)}
    for slot, names in ordered.items():
        for name in names:
            if not completes(rules, ordered, {slot: name}):
                reasons = [str(rule) for rule in rules if rule.names_part(slot, name)]
                yield f'{slot}={name} is forbidden with everything that the other slots have: {"; ".join(reasons)}.'


def _types(node) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get('type'), str):
            yield node['type']
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for item in node:
            yield from _types(item)


def unknown_type(kind: str) -> Optional[str]:
    """What is wrong with a ``type`` of a config: nothing where some registry has it, else a sentence."""
    from mmengine import registry as roots
    from mmengine.registry import Registry
    from mmpretrain import registry as mmpretrain

    places = (item for module in (mmpretrain, roots) for item in vars(module).values() if isinstance(item, Registry))
    if any(registry.get(kind) is not None for registry in places):
        return None
    from .. import registry as ours

    registries = [item for item in vars(ours).values() if isinstance(item, Registry) and item.scope == 'mmnoisy']
    names = [f'mmnoisy.{name}' for registry in registries for name in registry.module_dict]
    return f'no registry has the type {kind!r}{nearest(kind, names)}.'
