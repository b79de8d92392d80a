"""Which registered parts of mmnoisy a method is made of, and in which files they are."""

import inspect
import os
import re
from pathlib import Path
from typing import Dict, Iterator, Optional, Set

from mmengine.config import Config

from .. import registry
from ..registry import DATASETS

REGISTRIES = [item for item in vars(registry).values() if isinstance(item, type(DATASETS)) and item.scope == 'mmnoisy']
_PACKAGE = Path(inspect.getsourcefile(registry)).resolve().parent


def source_file(name: str) -> Optional[Path]:
    """File of the part that is registered as ``mmnoisy.<name>``; None where there is none."""
    for parts in REGISTRIES:
        part = parts.get(f'mmnoisy.{name}')
        if part is not None:
            return Path(inspect.getsourcefile(part)).resolve()
    return None


def named_types(node) -> Iterator[str]:
    """Every ``mmnoisy.<name>`` that is the ``type`` of a dict below ``node``, without the prefix."""
    if isinstance(node, dict):
        if str(node.get('type')).startswith('mmnoisy.'):
            yield node['type'][len('mmnoisy.') :]
        node = node.values()
    elif not isinstance(node, (list, tuple)):
        return
    for item in node:
        yield from named_types(item)


class MethodParts:
    """Parts of the methods below ``configs/``; each config is read once.

    Args:
        configs (Path): The folder ``configs``.
    """

    def __init__(self, configs: Path):
        self.configs = configs
        self._read: Dict[str, Dict[str, dict]] = {}

    def read(self, method: str) -> Dict[str, dict]:
        """The configs of a method by their stem."""
        if method not in self._read:
            files = sorted((self.configs / method).glob('*.py'))
            self._read[method] = {file.stem: Config.fromfile(file).to_dict() for file in files}
        return self._read[method]

    def used(self, method: str) -> Set[str]:
        """Names of the parts that the configs of a method use."""
        return {name for cfg in self.read(method).values() for name in named_types(cfg)}

    def lines(self, method: str, text: str) -> str:
        """The parts of a method as two lines of links: those of its own, and data, networks and bookkeeping.

        Parts that the README's ``text`` names as ``mmnoisy.<name>`` are among them: its options.

        Raises:
            ValueError: ``text`` names a part that is not registered.
        """
        shared = self.used('ce')
        links = dict(own=[], shared=[])
        for name in sorted(self.used(method) | set(re.findall(r'\bmmnoisy\.([A-Z]\w+)', text)), key=str.lower):
            file = source_file(name)
            if file is None:
                raise ValueError(f'it names mmnoisy.{name}, which is not registered.')
            room = file.relative_to(_PACKAGE).parts
            kind = 'shared' if name in shared or room[0] == 'datasets' or 'backbones' in room else 'own'
            path = os.path.relpath(_PACKAGE.parent / 'mmnoisy' / Path(*room), self.configs / method)
            links[kind].append(f'[`{name}`]({Path(path).as_posix()})')
        own = ', '.join(links['own']) or "upstream's alone"
        return f'Parts: {own}.\n\nData, networks and bookkeeping: {", ".join(links["shared"])}.'
