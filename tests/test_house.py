"""Rules of the house beside the order of the rooms: hooks stand alone, and nothing is written twice."""

import ast
from collections import defaultdict

import pytest

from tests.helpers import ROOT

#: Base classes that a hook may take from another hook's module: ``(module of the hook, module of the base)``.
BASES = set()
FILES = sorted((ROOT / 'mmnoisy').rglob('*.py'))


def hooks_imported(text):
    """Modules of ``mmnoisy/engine/hooks`` that a hook's text imports, at its head or inside a function."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith('mmnoisy.engine.hooks'))
        elif isinstance(node, ast.ImportFrom) and node.level == 1:
            yield from [node.module] if node.module else [alias.name for alias in node.names]
        elif (
            isinstance(node, ast.ImportFrom)
            and 'hooks' in (node.module or '').split('.')
            and 'mmengine' not in node.module
        ):
            yield node.module


def test_no_hook_imports_another_hook():
    hooks = [path for path in FILES if path.parts[-3:-1] == ('engine', 'hooks') and path.name != '__init__.py']
    found = {(path.stem, name) for path in hooks for name in hooks_imported(path.read_text())}
    assert len(hooks) > 10 and found <= BASES


@pytest.mark.parametrize(
    'text, expected',
    [
        ('from .aum_hook import AUMHook', ['aum_hook']),
        ('def f():\n    from . import aum_hook', ['aum_hook']),
        ('from ..hooks.aum_hook import AUMHook', ['hooks.aum_hook']),
        ('import mmnoisy.engine.hooks.aum_hook', ['mmnoisy.engine.hooks.aum_hook']),
        ('from mmengine.hooks import Hook\nfrom ..sweep import sweep', []),
    ],
)
def test_imports_of_hooks_are_seen(text, expected):
    assert list(hooks_imported(text)) == expected


def bodies(texts):
    """``{body: places}`` of the functions of three statements or more, without their docstrings."""
    found = defaultdict(list)
    for name, text in texts.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                body = node.body[1:] if ast.get_docstring(node) is not None else node.body
                if len(body) >= 3:
                    found[''.join(map(ast.dump, body))].append(f'{name}: {node.name}')
    return found


def test_no_function_body_occurs_twice():
    found = bodies({str(path.relative_to(ROOT)): path.read_text() for path in FILES})
    assert len(found) > 300 and [places for places in found.values() if len(places) > 1] == []


def test_a_body_that_occurs_twice_is_seen():
    body = '\n    x = 1\n    y = x\n    return y\n'
    texts = dict(a='def f():' + body, b='class B:\n  def g(self):\n    "Other words."' + body)
    assert list(bodies(texts).values()) == [['a: f', 'b: g']]
