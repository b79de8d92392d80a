"""mmnoisy: training image classifiers on partly wrong labels, as an MMPretrain plugin."""

import sys

from . import compat
from .version import __version__

__all__ = ['__version__', 'api', 'config_path']

compat.check_stack()
if 'torch' in sys.modules:
    # Else the first part that is imported does it (registry.py): parts of the command need no torch at all.
    compat.allow_checkpoint_globals()


def __getattr__(name: str):
    if name == 'config_path':
        from .config import config_path

        return config_path
    if name == 'api':
        from importlib import import_module

        return import_module('.api', __name__)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
