"""The rules of the house that a reader of imports and function bodies can hold."""

import ast
import re
from collections import defaultdict

import pytest

from tests.helpers import ROOT

PACKAGE = ROOT / 'mmnoisy'
ARCHITECTURE = (ROOT / 'docs/architecture.md').read_text(encoding='utf-8')
#: In building order, from the table of rooms: a room imports only from itself and from rooms before it.
ROOMS = [
    name
    for line in re.search(r'(?m)^\| room \|.*\n\| ---.*\n((?:\|.*\n)+)', ARCHITECTURE)[1].splitlines()
    for name in re.findall(r'`([\w.]+)`', line.split('|')[1])
]
#: Base classes that a hook may take from another hook's module.
BASES = set()
MODULES = {path.relative_to(ROOT).with_suffix('').parts: ast.parse(path.read_text()) for path in PACKAGE.rglob('*.py')}


def imports(module, tree):
    """Modules of the package that a module imports, as tuples of names, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split('.')) for alias in node.names if alias.name.startswith('mmnoisy.'))
        if isinstance(node, ast.ImportFrom):
            base = module[: len(module) - node.level] if node.level else ()
            found = (*base, *(node.module or '').split('.')) if node.module else base
            if found[:1] == ('mmnoisy',):
                # ``from . import x``: x may be a room.
                yield from ([(*found, alias.name) for alias in node.names] if len(found) == 1 else [found])


def room(module):
    """The most exact room of the table that a module is in; None outside of all."""
    names = ('.'.join(module[1:end]) for end in range(len(module), 1, -1))
    return next((name for name in names if name in ROOMS), None)


def test_the_table_of_rooms_has_what_there_is():
    missing = [name for name in ROOMS if not list(PACKAGE.glob(name.replace('.', '/') + '*'))]
    assert not missing, f'docs/architecture.md has rooms that do not exist: {missing}'
    unplaced = ['.'.join(module) for module in MODULES if room(module) is None and module != ('mmnoisy', '__init__')]
    assert not unplaced, f'docs/architecture.md has no room for {unplaced}'


def test_no_room_imports_a_later_one():
    wrong = {
        f'{".".join(module)} imports {".".join(found)}'
        for module, tree in MODULES.items()
        for found in imports(module, tree)
        if room(module) and room(found) and ROOMS.index(room(found)) > ROOMS.index(room(module))
    }
    assert not wrong, '\n'.join(sorted(wrong))


def test_no_hook_imports_another_hook():
    hooks = ('mmnoisy', 'engine', 'hooks')
    wrong = {
        (module[-1], found[-1])
        for module, tree in MODULES.items()
        for found in imports(module, tree)
        if module[:3] == hooks and module[-1] != '__init__' and found[:3] == hooks
    }
    assert wrong <= BASES


def bodies():
    """Where each function body of three statements or more stands, without its docstring."""
    found = defaultdict(list)
    for module, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                body = node.body[1:] if ast.get_docstring(node) is not None else node.body
                if len(body) >= 3:
                    found[''.join(map(ast.dump, body))].append(f'{".".join(module)}.{node.name}')
    return found


def test_no_function_body_occurs_twice():
    assert [places for places in bodies().values() if len(places) > 1] == []


@pytest.mark.parametrize(
    'text, expected',
    [
        ('from ..functional.noise import corrupt', [('mmnoisy', 'functional', 'noise')]),
        ('def f():\n    from ..run import main', [('mmnoisy', 'run')]),
        ('from .. import run', [('mmnoisy', 'run')]),
        ('import mmnoisy.run', [('mmnoisy', 'run')]),
        ('from . import sweep', [('mmnoisy', 'engine')]),
        ('import numpy', []),
    ],
)
def test_imports_are_read(text, expected):
    assert list(imports(('mmnoisy', 'engine', 'sweep'), ast.parse(text))) == expected
