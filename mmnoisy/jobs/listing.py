"""Names of what there is: methods, losses, hooks, kinds of noise, backbones, configs; each with a line about it."""

import inspect
from pathlib import Path
from typing import Callable, Dict, List, Tuple

Entries = List[Tuple[str, str]]


def listing(kind: str) -> Entries:
    """``(name, what it is)`` of every entry of a kind.

    Raises:
        ValueError: Another kind than :data:`KINDS`.
    """
    if kind not in KINDS:
        raise ValueError(f'There is nothing called {kind!r} to list: name one of {", ".join(KINDS)}.')
    return KINDS[kind]()


def configs_folder() -> Path:
    """Where the package's configs are, in a checkout or in an installed wheel."""
    package = Path(__file__).resolve().parent.parent
    inside = package / '.mim' / 'configs'
    return inside if inside.exists() else package.parent / 'configs'


def _methods() -> Entries:
    """One a folder of configs; those for one's own data are marked."""
    from .options import METHODS

    found = [('auto', 'own data: audit, drop what the judges flag, compare robust losses and plain CE')]
    for folder in sorted(readme.parent for readme in configs_folder().glob('*/README.md')):
        own = 'own data: ' if folder.name in METHODS else ''
        found.append((folder.name, own + _title(folder / 'README.md')))
    return found


def method_configs() -> Dict[str, List[str]]:
    """Configs of each method, as the tools take them."""
    found: Dict[str, List[str]] = {}
    for name, _ in _configs():
        found.setdefault(name.partition('::')[2].partition('/')[0], []).append(name)
    # What holds no method: several of them, or what searches and benchmarks are made of.
    return {name: configs for name, configs in found.items() if (configs_folder() / name / 'README.md').is_file()}


def _title(readme: Path) -> str:
    if not readme.is_file():
        return ''
    with readme.open(encoding='utf-8') as file:
        return next((line.lstrip('# ').strip() for line in file if line.startswith('#')), '')


def _configs() -> Entries:
    root = configs_folder()
    files = sorted(path for path in root.rglob('*.py') if '_base_' not in path.parts)
    return [(f'mmnoisy::{path.relative_to(root).with_suffix("")}', '') for path in files]


def _noises() -> Entries:
    from ..functional.noise import KINDS as kinds

    about = dict(
        symmetric='rate: each wrong label equally likely',
        pairflip='rate: class k is taken for the next one',
        asymmetric='rate and mapping, or matrix: given pairs of classes',
        instance='rate: depends on the image',
        label_file='path: labels of people or of the web, from a file',
    )
    return [(kind, about.get(kind, '')) for kind in kinds]


def _registered(registry: str, package: str) -> Callable[[], Entries]:
    def entries() -> Entries:
        from importlib import import_module

        room = import_module(f'mmnoisy.{package}')
        found = getattr(import_module('mmnoisy.registry'), registry).module_dict
        inside = {name: part for name, part in found.items() if part.__module__.startswith(f'{room.__name__}.')}
        return sorted((f'mmnoisy.{name}', _about(part)) for name, part in inside.items())

    return entries


def _backbones() -> Entries:
    pretrained = [
        ('efficientnet_lite0', 'pretrained on ImageNet; its weights are in an installed package'),
        ('timm:NAME', 'any network of timm'),
        ('mmpretrain:NAME', 'any network of mmpretrain'),
        ('resnet18', 'from scratch'),
    ]
    return pretrained + _registered('MODELS', 'models.backbones')()


def _about(part) -> str:
    text = inspect.getdoc(part) or ''
    return text.split('\n\n')[0].replace('\n', ' ').replace('``', '').strip()


KINDS: Dict[str, Callable[[], Entries]] = dict(
    methods=_methods,
    losses=_registered('MODELS', 'models.losses'),
    hooks=_registered('HOOKS', 'engine'),
    noises=_noises,
    backbones=_backbones,
    configs=_configs,
)
