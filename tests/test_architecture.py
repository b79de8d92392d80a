"""The rooms of the package import in the order of the table in docs/architecture.md."""

import ast
import re

import pytest

from .helpers import ROOT

PACKAGE = ROOT / 'mmnoisy'


def read_rooms():
    """Names of the rooms, in order: the first cells of the table."""
    text = (ROOT / 'docs/architecture.md').read_text(encoding='utf-8')
    table = re.search(r'(?m)^\| room \|.*\n\| ---.*\n((?:\|.*\n)+)', text)[1]
    return [name for line in table.splitlines() for name in re.findall(r'`([\w.]+)`', line.split('|')[1])]


ROOMS = read_rooms()
MODULES = sorted(path for path in PACKAGE.rglob('*.py') if '.mim' not in path.parts and path.name != '__init__.py')


def room_of(module):
    """The most exact room that a dotted name below mmnoisy is in; None outside of all."""
    parts = module.split('.')
    names = ('.'.join(parts[:size]) for size in range(len(parts), 0, -1))
    return next((name for name in names if name in ROOMS), None)


def imported(path, text):
    """Dotted names below mmnoisy that a file with this text imports, at its head or inside a function."""
    folder = ('mmnoisy', *path.relative_to(PACKAGE).parent.parts)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = '.'.join([*folder[: len(folder) + 1 - node.level], node.module or '']) if node.level else node.module
            names = [f'{base.rstrip(".")}.{alias.name}' for alias in node.names]
        else:
            continue
        yield from (name.partition('.')[2] for name in names if name.startswith('mmnoisy.'))


def test_every_room_is_in_the_table_and_exists():
    for name in ROOMS:
        path = PACKAGE.joinpath(*name.split('.'))
        assert path.is_dir() or path.with_suffix('.py').is_file(), f'docs/architecture.md: there is no {name}.'
    for path in MODULES:
        name = '.'.join(path.relative_to(PACKAGE).with_suffix('').parts)
        assert room_of(name), f'docs/architecture.md: the table of rooms has no place for mmnoisy.{name}.'


def wrong_imports(path, text):
    """``(room, room below it)`` of each import that goes down."""
    own = room_of('.'.join(path.relative_to(PACKAGE).with_suffix('').parts))
    rooms = {room_of(name) for name in imported(path, text)} - {None, own}
    return [(own, room) for room in rooms if ROOMS.index(room) > ROOMS.index(own)]


def test_a_room_imports_only_from_rooms_above_it():
    found = {path: wrong_imports(path, path.read_text(encoding='utf-8')) for path in MODULES}
    assert not {str(path.relative_to(ROOT)): wrong for path, wrong in found.items() if wrong}


@pytest.mark.parametrize(
    'text, wrong',
    [
        ('from ..engine.sweep import sweep', [('functional', 'engine')]),
        ('def late():\n    from .. import evaluation', [('functional', 'evaluation')]),
        ('import mmnoisy.models.losses.gce_loss', [('functional', 'models.losses')]),
        ('from .margins import margins\nfrom ..stamps import read_weights\nimport torch', []),
    ],
)
def test_an_import_of_a_lower_room_is_seen(text, wrong):
    assert wrong_imports(PACKAGE / 'functional' / 'mixtures.py', text) == wrong
