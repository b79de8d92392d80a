"""Imports every registered part of this room: what a registry loads when a config names one."""

from . import __all__ as _names
from . import __getattr__ as _load

for _name in _names:
    _load(_name)
