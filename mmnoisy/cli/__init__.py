"""The command ``mmnoisy``: one thin file a subcommand over :mod:`mmnoisy.api`.

A subcommand's module is imported when it is called: the help, and what needs no network, must not wait for torch.
"""

import argparse
import os
import sys
from importlib import import_module
from typing import Optional, Sequence

from ..console import forget_console
from ..failures import describe

#: Subcommands with a line about each, in the order of a first day with the project.
COMMANDS = {
    'check': 'every bad file, duplicate and leak between splits, class counts; exit 1 where training would fail',
    'audit': 'which labels are wrong, how sure that is, and what they should be: issues.csv, report.html',
    'fix': 'a corrected list of the images of an audit; the images stay as they are',
    'train': 'train a classifier on class folders or a table; writes an ordinary config file',
    'search': 'the best combination of losses, selection, correction, ... by noisy validation; within a budget',
    'predict': 'classes of images in words: predictions.csv',
    'report': 'one self-contained page about a run, an audit or a search; several give a comparison',
    'evaluate': 'accuracy of a run on labelled data, by class',
    'export': 'one network out of two, as a plain checkpoint and as ONNX',
    'list': 'methods, losses, hooks, noises, backbones, configs',
    'demo': 'four methods on noisy digits: a table and curves, in a minute',
}
_DATA = (
    'DATA is a folder of class folders; train/ [val/] [test/] of them; a csv, tsv, jsonl or parquet file with a path and a '
    'label column; or the built-in name digits.'
)


def make_parser(command: Optional[str] = None) -> argparse.ArgumentParser:
    """The parser, with the options of one subcommand."""
    parser = argparse.ArgumentParser(
        prog='mmnoisy', description='Image classifiers from partly wrong labels.', epilog=_DATA
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument('--debug', action='store_true', help='show the traceback of an error')
    subparsers = parser.add_subparsers(dest='command', metavar='COMMAND', required=True)
    for name, about in COMMANDS.items():
        sub = subparsers.add_parser(name, help=about, description=about[0].upper() + about[1:] + '.', parents=[common])
        if name == command:
            import_module(f'.{name}_command', __name__).add_arguments(sub)
    return parser


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run a subcommand; returns the exit code: 0 well, 1 not, 2 used wrongly, 130 interrupted."""
    argv = list(sys.argv[1:] if argv is None else argv)
    command = next((word for word in argv if not word.startswith('-')), None)
    parser = make_parser(command)
    if not argv:
        parser.print_help()
        return 2
    args, extra = parser.parse_known_args(argv)
    if extra:
        # argparse gives up on KEY=VALUE that follows an option.
        if command != 'train' or not all('=' in word and not word.startswith('-') for word in extra):
            parser.error(f'unrecognised: {" ".join(extra)} (see mmnoisy {command or ""} --help)')
        args.overrides.extend(extra)
    _quiet()
    forget_console()
    try:
        return import_module(f'.{command}_command', __name__).run(args) or 0
    except KeyboardInterrupt:
        print('mmnoisy: interrupted.', file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read the output has closed it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if args.debug:
            raise
        print(f'mmnoisy {command}: {describe(error)}', file=sys.stderr)
        return 1


def _quiet() -> None:
    """Without the warnings of libraries that a user can do nothing about."""
    import warnings

    warnings.filterwarnings('ignore', message='Fail to import')
    warnings.filterwarnings('ignore', category=FutureWarning)
    warnings.filterwarnings('ignore', category=DeprecationWarning)
