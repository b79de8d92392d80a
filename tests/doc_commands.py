"""Commands and code of the pages: what there is, whether it names things that exist, and how it is run in small."""

import contextlib
import io
import re
import runpy
import shlex
import sys
from functools import cache
from pathlib import Path

import setuptools

from mmnoisy.cli import main as mmnoisy_main
from mmnoisy.config import find_config

from .helpers import ROOT, clear_globals

#: Programs that may begin a line of a page.
PROGRAMS = ('make', 'mmnoisy', 'pip', 'pre-commit', 'python', 'torchrun')
#: What makes a command quick: words that are added at its end.
SMALL = {
    'tools/train.py': ['train_cfg.max_epochs=1'],
    'tools/demo.py': ['--epochs', '1', '--methods', 'ce', '--jobs', '1'],
    'audit': ['--size', '32'],
    'train': ['--backbone', 'resnet18', '--scratch', '--size', '32', '--epochs', '1'],
}


def code_blocks(text, language):
    """The code of each block of a language, in order."""
    return re.findall(rf'(?ms)^```{language}\n(.*?)^```$', text)


def commands(text):
    """The words of each command of a page, in order."""
    lines = '\n'.join(code_blocks(text, 'shell')).replace('\\\n', ' ').splitlines()
    found = (shlex.split(line, comments=True) for line in lines)
    return [words for words in found if words]


def complaint(words):
    """What a command names that does not exist; None where it is well."""
    program, *rest = words
    if re.fullmatch(r'tools/\w+\.sh', program):
        return _missing_file(program) or _missing_configs(rest)
    if program not in PROGRAMS:
        return f'{program} is not a program that pages use'
    return _CHECKS[program](rest)


def _check_python(words):
    if words[:2] == ['-m', 'pytest']:
        return next(filter(None, (_missing_file(word) for word in words[2:] if word.startswith('tests/'))), None)
    if words[:1] == ['-m']:
        return _check_mmnoisy(words[2:]) if words[1] == 'mmnoisy' else f'python -m {words[1]} is not known'
    return _missing_file(words[0]) or _unknown_options(words[1:], tool_help(words[0])) or _missing_configs(words[1:])


def _check_mmnoisy(words):
    return _unknown_options(words[1:], command_help(words[0]))


def _check_make(words):
    targets = re.findall(r'(?m)^([a-z][\w-]*):', (ROOT / 'Makefile').read_text())
    return next((f'there is no target {word}' for word in words if '=' not in word and word not in targets), None)


def _check_pip(words):
    extras = {name for text in re.findall(r'\[([\w,]+)\]', ' '.join(words)) for name in text.split(',')}
    unknown = extras - set(setup_arguments()['extras_require'])
    return f'setup.py has no extra {unknown.pop()}' if unknown else None


def _check_torchrun(words):
    scripts = [i for i, word in enumerate(words) if word.endswith('.py')]
    return _check_python(words[scripts[0] :]) if scripts else 'torchrun names no script'


_CHECKS = {
    'make': _check_make,
    'mmnoisy': _check_mmnoisy,
    'pip': _check_pip,
    'pre-commit': lambda words: None if words == ['install'] else f'pre-commit {words} is not known',
    'python': _check_python,
    'torchrun': _check_torchrun,
}


def _missing_file(name):
    return None if (ROOT / name).is_file() else f'there is no file {name}'


def _missing_configs(words):
    for word in words:
        if word.startswith('mmnoisy::') or re.match(r'configs/.+\.py$', word):
            try:
                find_config(word if word.startswith('mmnoisy::') else str(ROOT / word))
            except FileNotFoundError as error:
                return str(error)
    return None


def _unknown_options(words, known):
    options = (word.partition('=')[0] for word in words if re.match(r'--[a-z]', word))
    return next((f'no option {name}' for name in options if not re.search(rf'{name}(?![\w-])', known)), None)


@cache
def tool_help(script):
    """What a tool prints for ``--help``."""
    return _help(lambda: call_tool(ROOT / script, ['--help']))


@cache
def command_help(name):
    """What a subcommand prints for ``--help``; an unknown one has no help."""
    return _help(lambda: mmnoisy_main([name, '--help']))


def _help(call):
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        call()
    return out.getvalue()


@cache
def setup_arguments():
    """What setup.py hands to setuptools."""
    caught, original = {}, setuptools.setup
    setuptools.setup = lambda **arguments: caught.update(arguments)
    try:
        runpy.run_path(str(ROOT / 'setup.py'))
    finally:
        setuptools.setup = original
    return caught


def call_tool(script, args):
    """Run a tool's ``__main__`` in this process."""
    argv, path = sys.argv, list(sys.path)
    sys.argv = [str(script), *args]
    try:
        runpy.run_path(str(script), run_name='__main__')
    finally:
        sys.argv, sys.path[:] = argv, path


def run_small(words):
    """Run a command of a page in this process, with small settings; returns its exit code. Nothing is installed."""
    clear_globals()
    program, *rest = words
    if words == ['make', 'demo']:
        program, *rest = re.search(r'\(BIN\)/(python tools/demo\.py .*)', (ROOT / 'Makefile').read_text())[1].split()
    rest = [word.replace('epoch_60.pth', 'epoch_1.pth') for word in rest]
    if program == 'mmnoisy':
        return mmnoisy_main([*rest, *SMALL.get(rest[0], [])])
    if program == 'python':
        call_tool(Path(rest[0]).resolve(), [*rest[1:], *_small(rest)])
    return 0


def _small(words):
    more = list(SMALL.get(words[0], []))
    if words[0] != 'tools/train.py':
        return more
    if '--resume' in words:
        more = ['train_cfg.max_epochs=2']
    return more if '--cfg-options' in words else ['--cfg-options', *more]
