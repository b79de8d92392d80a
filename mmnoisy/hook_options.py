"""Options of the package's hooks in a config, checked by their constructors' signatures before anything is built."""

import difflib
import inspect
from typing import Dict, List, Sequence


def hook_problems(hooks: Sequence, where: str = 'custom_hooks') -> List[str]:
    """What is wrong with the hooks of a config: unknown types and options with the nearest name, and missing options.

    Hooks of other packages are left to them.

    Args:
        hooks (Sequence[dict]): As in a config.
        where (str): What messages call the list.
    """
    from .registry import HOOKS

    problems = []
    for i, hook in enumerate(hooks):
        name = hook.get('type') if isinstance(hook, dict) else None
        if not isinstance(name, str) or not name.startswith('mmnoisy.'):
            continue
        cls = HOOKS.get(name)
        if cls is None:
            known = [f'mmnoisy.{key}' for key in HOOKS.module_dict]
            problems.append(f'{where}[{i}]: there is no hook {name}{_nearest(name, known)}.')
            continue
        known_options = options(cls)
        given = set(hook) - {'type', '_scope_'}
        for option in sorted(given - set(known_options)):
            near = _nearest(option, list(known_options))
            problems.append(f'{where}[{i}]: {name} has no option {option!r}{near}. It has {", ".join(known_options)}.')
        missing = [option for option, needed in known_options.items() if needed and option not in given]
        if missing:
            problems.append(f'{where}[{i}]: {name} needs {", ".join(missing)}.')
    return problems


def options(cls: type) -> Dict[str, bool]:
    """The options of a class by name, whether each is needed: its own, and those that ``**kwargs`` hands to its bases."""
    found: Dict[str, bool] = {}
    for base in cls.__mro__:
        if '__init__' not in vars(base) or base is object:
            continue
        open_ended = False
        for parameter in list(inspect.signature(vars(base)['__init__']).parameters.values())[1:]:
            if parameter.kind is parameter.VAR_KEYWORD:
                open_ended = True
            elif parameter.kind is not parameter.VAR_POSITIONAL:
                found.setdefault(parameter.name, parameter.default is parameter.empty)
        if not open_ended:
            break
    return found


def _nearest(name: str, known: List[str]) -> str:
    near = difflib.get_close_matches(name, known, 1, 0.6)
    return f'; the nearest is {near[0]!r}' if near else ''
