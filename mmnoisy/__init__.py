"""mmnoisy: training image classifiers on partly wrong labels, as an MMPretrain plugin."""

from . import compat
from .version import __version__

compat.check_stack()
compat.allow_checkpoint_globals()

from .config import config_path  # noqa: E402  (mmengine may be missing: the check above says so)

__all__ = ['__version__', 'config_path']
