"""How a command ends that cannot go on: one line with the cause and, where it is an option of the config, with its path."""

import linecache
import re
import sys
import traceback
from inspect import signature
from pathlib import Path
from typing import Callable, List, Optional, Sequence, Set

from .part_options import nearest, options, parts

#: Kinds of errors whose text is written for users.
PLAIN = (ValueError, OSError, ImportError)
#: Left in the work dir where an error was not foreseen.
TRACEBACK = 'traceback.txt'


def run_tool(main: Callable, argv: Optional[Sequence[str]] = None) -> None:
    """Run the main function of a tool; it ends the program with the code 1 where that fails, 130 where it is interrupted.

    An error is one line. ``--debug`` among the arguments shows its traceback; that of one that was not foreseen is kept in
    the run's work dir.

    Args:
        main (Callable): Takes the arguments; may return an exit code, or end the program itself.
        argv (Sequence[str], optional): Arguments; those of the command line where None.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    try:
        code = main(argv)
    except KeyboardInterrupt:
        print('Interrupted.', file=sys.stderr)
        code = 130
    except Exception as error:
        if '--debug' in argv:
            raise
        print(f'Error: {describe(error)}', file=sys.stderr)
        code = 1
    if code:
        sys.exit(code)


def describe(error: Exception) -> str:
    """What went wrong, in one line where the error has one; an unexpected kind of error is named."""
    where = option_path(error)
    prefix = f'{where}: ' if where else ''
    if _registry_text(error):
        return prefix + _registry_text(error)
    text = str(error).strip() or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        return f'{prefix}{error.strerror}: {error.filename}'
    if isinstance(error, PLAIN) and not isinstance(error, UnicodeError) or _said_by_us(error):
        return prefix + text
    text = f'{type(error).__name__}: {text.splitlines()[-1]}{_nearest_keyword(error)}'
    return f'{prefix}{text} ({_keep_traceback(error)})'


def option_path(error: Exception) -> str:
    """Path in the config of the part that could not be built, such as ``model.head.loss``; '' where it is none."""
    built = _built(error)
    cfg = _config(error)
    if not built or cfg is None:
        return ''
    part = built[-1]['cfg']
    whole = list(parts(cfg.to_dict(), ''))
    equal = [path for path, other, _ in whole if other == part]
    alike = [path for path, other, _ in whole if other.get('type') == part.get('type')]
    found = [path.lstrip('.') for path in equal or alike]
    return min(found, key=lambda path: path.split('.')[0] not in _read_by_runs(), default='')


def _read_by_runs() -> Set[str]:
    """Entries of a config that a run reads; the others are variables in which its author keeps parts, such as ``label_noise``."""
    module = sys.modules.get('mmengine.runner')
    return set() if module is None else set(signature(module.Runner).parameters)


def _frames(error: BaseException) -> list:
    """Frames of an error and of those that it was raised from, the innermost last."""
    found = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    cause = error.__cause__
    return found + (_frames(cause) if cause is not None else [])


def _built(error: Exception) -> List[dict]:
    """Local variables of mmengine's ``build_from_cfg``, of the part that failed last."""
    frames = [frame.f_locals for frame in _frames(error) if frame.f_code.co_name == 'build_from_cfg']
    return [found for found in frames if isinstance(found.get('cfg'), dict)]


def _config(error: Exception):
    """The config of the run that failed; None where there is none."""
    module = sys.modules.get('mmengine.config')
    kinds = () if module is None else (module.Config,)
    found = [frame.f_locals.get('cfg') for frame in _frames(error)]
    return next((cfg for cfg in found if isinstance(cfg, kinds) and 'model' in cfg), None)


def _registry_text(error: Exception) -> str:
    """What is to be said of a type that no registry has; '' of another error."""
    missing = re.match(r"['\"]?(\S+) is not in the (\w+)::([\w ]+) registry", str(error))
    if not missing or not isinstance(error, KeyError):
        return ''
    name, scope, kind = missing.groups()
    registry, known = (_built(error) or [{}])[-1].get('registry'), []
    while registry is not None:
        known += list(registry.module_dict)
        registry = registry.parent
    return f'{scope} has no {kind} {name!r}{nearest(name, known)}.'


def _nearest_keyword(error: Exception) -> str:
    """The nearest option of a class that was given one that it does not have."""
    unknown = re.search(r"unexpected keyword argument '(\w+)'", str(error))
    cls = (_built(error) or [{}])[-1].get('obj_cls')
    if not unknown or not isinstance(cls, type):
        return ''
    return nearest(unknown[1], list(options(cls)))


def _said_by_us(error: Exception) -> bool:
    """Whether a statement ``raise`` of this package made the error: its text is for users, whatever its kind."""
    steps = list(traceback.walk_tb(error.__traceback__))
    if not steps:
        return False
    frame, line = steps[-1]
    ours = frame.f_globals.get('__name__', '').startswith(f'{__package__}.')
    return ours and linecache.getline(frame.f_code.co_filename, line).lstrip().startswith('raise ')


def _keep_traceback(error: Exception) -> str:
    """Keep the traceback of an error in the run's work dir; says where it is, or how to see it."""
    folder = (_config(error) or {}).get('work_dir')
    if not folder or not Path(folder).is_dir():
        return '--debug shows where'
    path = Path(folder) / TRACEBACK
    try:
        path.write_text(''.join(traceback.format_exception(type(error), error, error.__traceback__)), encoding='utf-8')
    except OSError:
        return '--debug shows where'
    return f'{path} shows where'
