"""mmnoisy: training image classifiers on partly wrong labels, as an MMPretrain plugin."""

from . import compat
from .version import __version__

compat.check_stack()
compat.allow_checkpoint_globals()

__all__ = ['__version__']
