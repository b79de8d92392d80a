"""Options of the package's parts in a config, checked by their constructors' signatures before anything is built."""

import difflib
import inspect
from typing import Any, Dict, Iterator, List, Tuple

#: Where parts stand in a config, with the registry that they are of (its name in :mod:`mmnoisy.registry`) and its word.
PLACES = {
    'model': ('MODELS', 'model'),
    'data_preprocessor': ('MODELS', 'data preprocessor'),
    'custom_hooks': ('HOOKS', 'hook'),
    'default_hooks': ('HOOKS', 'hook'),
    'param_scheduler': ('PARAM_SCHEDULERS', 'schedule'),
    'visualizer': ('VISUALIZERS', 'visualizer'),
    **{f'{part}_evaluator': ('METRICS', 'metric') for part in ('val', 'test')},
    **{f'{part}_dataloader.dataset': ('DATASETS', 'data set') for part in ('train', 'val', 'test')},
    **{f'{part}_dataloader.sampler': ('DATA_SAMPLERS', 'sampler') for part in ('train', 'val', 'test')},
}
#: What whoever builds a part gives it.
GIVEN = {'DATA_SAMPLERS': ('dataset',), 'PARAM_SCHEDULERS': ('optimizer',)}
#: Keys of lists of transforms, wherever they stand in a data set.
PIPELINES = ('pipeline', 'transforms')
_PREFIX = 'mmnoisy.'


def part_problems(cfg) -> List[str]:
    """What is wrong with the package's parts in a config: unknown types and options with the nearest name, missing options.

    Each message begins with the path of the part in the config. Parts of other packages are left to them. A part with
    options that have options is asked for more: ``option_problems(part)`` of its class.

    Args:
        cfg (Config | dict): A config.
    """
    problems = []
    for place, (registry, word) in PLACES.items():
        node = cfg
        for key in place.split('.'):
            node = node.get(key) if hasattr(node, 'get') else None
        for path, part, is_transform in parts(node, place):
            how = ('TRANSFORMS', 'transform') if is_transform else (registry, word)
            problems += [f'{path}: {problem}' for problem in _problems(part, *how)]
    return problems


def parts(node: Any, path: str, is_transform: bool = False) -> Iterator[Tuple[str, dict, bool]]:
    """``(path, part, whether it is a transform)`` of every dict with a ``type`` in a node, outer ones first."""
    if isinstance(node, dict):
        if isinstance(node.get('type'), str):
            yield path, node, is_transform
        for key, value in node.items():
            yield from parts(value, f'{path}.{key}', is_transform or key in PIPELINES)
    elif isinstance(node, (list, tuple)):
        for i, value in enumerate(node):
            yield from parts(value, f'{path}[{i}]', is_transform)


def _problems(part: dict, registry: str, word: str) -> List[str]:
    from . import registry as registries

    name, found = part['type'], getattr(registries, registry)
    if not name.startswith(_PREFIX):
        return _without_prefix(name, found, registries)
    # A part may hold one of another kind, such as a data preprocessor its batch augments.
    everywhere = [found, *(one for one in vars(registries).values() if getattr(one, 'scope', None) == 'mmnoisy')]
    cls = next((one.get(name) for one in everywhere if name[len(_PREFIX) :] in _names(one)), None)
    if cls is None:
        return [f'there is no {word} {name}{nearest(name, [_PREFIX + key for key in _names(found)])}.']
    if not inspect.isclass(cls):
        return []
    known = options(cls)
    given = set(part) - {'type', '_scope_'}
    if '**' in known:
        return []
    problems = [
        f'{name} has no option {option!r}{nearest(option, list(known))}. It has {", ".join(known) or "none"}.'
        for option in sorted(given - set(known))
    ]
    missing = [
        option for option, needed in known.items() if needed and option not in {*given, *GIVEN.get(registry, ())}
    ]
    problems += [f'{name} needs {", ".join(missing)}.'] if missing else []
    return problems + (cls.option_problems(part) if hasattr(cls, 'option_problems') else [])


def loop_problems(cfg) -> List[str]:
    """What is wrong with ``train_cfg``, ``val_cfg`` and ``test_cfg``: an unknown loop or option with the nearest name."""
    from mmengine import runner
    from mmpretrain.registry import LOOPS

    problems = []
    for part in ('train', 'val', 'test'):
        loop = cfg.get(f'{part}_cfg')
        if not isinstance(loop, dict):
            continue
        epochs = 'EpochBasedTrainLoop' if loop.get('by_epoch', True) else 'IterBasedTrainLoop'
        plain = dict(train=epochs, val='ValLoop', test='TestLoop')[part]
        cls = LOOPS.get(loop['type']) if 'type' in loop else getattr(runner, plain)
        if cls is None:
            names = [*LOOPS.module_dict, *LOOPS.parent.module_dict]
            problems.append(f'{part}_cfg: there is no loop {loop["type"]}{nearest(loop["type"], names)}.')
            continue
        known = [name for name in options(cls) if name not in ('runner', 'dataloader', 'evaluator')]
        known += [] if 'type' in loop or part != 'train' else ['by_epoch']
        problems += [
            f'{part}_cfg has no option {name!r}{nearest(name, known)}. It has {", ".join(known)}.'
            for name in sorted(set(loop) - {'type', *known})
            if '**' not in known
        ]
    return problems


def _without_prefix(name: str, registry, registries) -> List[str]:
    """A part of the package that is named without it, and that upstream has none of."""
    if '.' in name or name not in _names(registry) or registry.parent.get(name) is not None:
        return []
    from mmpretrain import registry as upstream

    key = next(key for key, one in vars(registries).items() if one is registry)
    if getattr(upstream, key, registry.parent).get(name) is not None:
        return []
    return [f'{name} is a part of this package: write {_PREFIX + name!r}.']


def _names(registry) -> List[str]:
    """Names of what a registry holds; asking for one of them imports the rooms that register it."""
    registry.import_from_location()
    return list(registry.module_dict)


def options(cls: type) -> Dict[str, bool]:
    """The options of a class by name, whether each is needed: its own, and those that ``**kwargs`` hands to its bases.

    What a base needs may be what its heir gives it: such an option counts as not needed. ``'**'`` is among them where the
    last base takes any.
    """
    found: Dict[str, bool] = {}
    open_ended, own = False, True
    for base in cls.__mro__:
        if '__init__' not in vars(base) or base is object:
            continue
        open_ended = False
        for parameter in list(inspect.signature(vars(base)['__init__']).parameters.values())[1:]:
            if parameter.kind is parameter.VAR_KEYWORD:
                open_ended = True
            elif parameter.kind is not parameter.VAR_POSITIONAL:
                found.setdefault(parameter.name, own and parameter.default is parameter.empty)
        own = False
        if not open_ended:
            break
    return {**found, '**': False} if open_ended else found


def nearest(name: str, known: List[str]) -> str:
    """What messages say of the most similar name; nothing where none is similar."""
    near = difflib.get_close_matches(name, known, 1, 0.6)
    return f'; the nearest is {near[0]!r}' if near else ''
