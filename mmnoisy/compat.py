"""What the installed OpenMMLab stack and torch version need from us.

:func:`allow_checkpoint_globals` is the package's only process-wide effect.
"""

import warnings
from functools import cache
from importlib import metadata

from packaging.specifiers import SpecifierSet

from .requirements import STACKS

#: A full ``mmcv`` build serves as well as ``mmcv-lite``: mmnoisy never uses ``mmcv.ops``.
_ALTERNATIVES = {'mmcv-lite': 'mmcv'}


def _version(distribution):
    for name in (distribution, _ALTERNATIVES.get(distribution)):
        if name is not None:
            try:
                return metadata.version(name)
            except metadata.PackageNotFoundError:
                continue
    return None


def installed_stacks() -> dict:
    """Versions of what is installed of each stack.

    Returns:
        dict[str, dict[str, str]]: ``{stack: {distribution: version}}``; a stack of which nothing is installed is left
        out.
    """
    found = {stack: {name: _version(name) for name in ranges} for stack, ranges in STACKS.items()}
    return {stack: versions for stack, versions in found.items() if any(versions.values())}


def check_stack() -> None:
    """Check that exactly one supported stack is installed.

    Raises:
        ImportError: No stack is installed, a part of it is missing, or a part has an unsupported version. The message
            has the command that repairs it.

    Warns:
        UserWarning: Parts of both stacks are installed; their files overwrite each other.
    """
    found = installed_stacks()
    if not found:
        raise ImportError(
            'mmnoisy needs mmengine, mmcv and mmpretrain, and none of them is installed. Install one of '
            'the two stacks: `pip install "mmnoisy[openmmlab]"` or `pip install "mmnoisy[onedl]"`.'
        )
    if len(found) > 1:
        names = sorted(name for versions in found.values() for name, version in versions.items() if version)
        warnings.warn(
            "Packages of both stacks are installed and overwrite each other's files: "
            + ', '.join(names)
            + '. Make a new environment with `pip install "mmnoisy[openmmlab]"` or `pip install "mmnoisy[onedl]"`.',
            stacklevel=3,
        )
        return
    stack, versions = found.popitem()
    problems = []
    for name, supported in STACKS[stack].items():
        version = versions[name]
        if version is None:
            problems.append(f'{name} is missing')
        elif not SpecifierSet(supported).contains(version, prereleases=True):
            problems.append(f'{name} {version} is not {supported}')
    if problems:
        raise ImportError(
            f'mmnoisy cannot use the installed {stack} stack: '
            + '; '.join(problems)
            + f'. Repair it with `pip install -U "mmnoisy[{stack}]"`.'
        )


def _history_buffer_getattr(owner, name):
    """``getattr`` for checkpoints: serves mmengine's HistoryBuffer, refuses every other owner."""
    from mmengine.logging import HistoryBuffer

    if owner is not HistoryBuffer:
        raise RuntimeError(f'A checkpoint asked for attribute {name!r} of {owner!r}; only HistoryBuffer is allowed.')
    return getattr(owner, name)


@cache
def allow_checkpoint_globals() -> None:
    """Allow what mmengine checkpoints hold, so that ``torch.load(weights_only=True)`` can resume them.

    torch >= 2.6 loads with ``weights_only=True`` by default and refuses mmengine's ``HistoryBuffer`` and the numpy
    types in it. Older versions need nothing.
    """
    import numpy as np
    import torch

    if not hasattr(torch.serialization, 'add_safe_globals'):
        return
    from mmengine.logging import HistoryBuffer

    reconstruct = (np._core if hasattr(np, '_core') else np.core).multiarray
    allowed = [HistoryBuffer, reconstruct._reconstruct, reconstruct.scalar, np.ndarray, np.dtype]
    allowed += {type(np.dtype(name)) for name in ('bool', 'uint8', 'int32', 'int64', 'float32', 'float64')}
    # Pairs with the name, not the objects alone: onedl-mmengine lists some of the same objects while it loads and takes
    # them off the list afterwards.
    torch.serialization.add_safe_globals([(item, f'{item.__module__}.{item.__qualname__}') for item in allowed])
    torch.serialization.add_safe_globals([(_history_buffer_getattr, 'builtins.getattr')])
    # Checkpoints written under numpy 1 name the old module path.
    for name in ('_reconstruct', 'scalar'):
        torch.serialization.add_safe_globals([(getattr(reconstruct, name), f'numpy.core.multiarray.{name}')])
