"""What the tools do to a config, and where the package's own configs are."""

import copy
import difflib
import os
from argparse import SUPPRESS, ArgumentParser, Namespace
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence

from mmengine.config import Config

from .cfg_options import OptionsAction
from .part_options import loop_problems, nearest, part_problems

_PACKAGE = Path(__file__).resolve().parent


class RunConfig(Config):
    """The config of a run, whose text is formatted once for its content: mmengine asks for it five times a run."""

    @property
    def pretty_text(self) -> str:
        """As upstream's."""
        content = repr(self._to_lazy_dict())
        if _formatted.get('content') != content:
            _formatted.update(content=content, text=super().pretty_text)
        return _formatted['text']

    @classmethod
    def of(cls, cfg: Config) -> 'RunConfig':
        """A config with the same content."""
        return cls(cfg._cfg_dict, cfg_text=cfg.text, filename=cfg.filename, env_variables=cfg.env_variables)


#: The newest content and its text.
_formatted: Dict[str, str] = {}


def config_path(name: str) -> str:
    """Path of a config that comes with the package, from a checkout and from an installed wheel alike.

    mmengine resolves ``package::config`` for a closed list of packages, so a config of your own inherits from one of
    these by ``_base_ = __import__('mmnoisy').config_path('gce/gce_cnn3_60e_digits-sym40.py')``.

    Args:
        name (str): Path below ``configs/``, such as ``'gce/gce_cnn3_60e_digits-sym40.py'``; ``.py`` may be left out.

    Raises:
        FileNotFoundError: No such config; the message has the most similar names.
    """
    # An installed wheel has no configs beside the package.
    root = _PACKAGE / '.mim' / 'configs'
    if not root.exists():
        root = _PACKAGE.parent / 'configs'
    path = root / (name if name.endswith('.py') else f'{name}.py')
    if not path.is_file():
        hidden = {'_base_', 'suites', 'spaces'}
        names = sorted(str(file.relative_to(root)) for file in root.rglob('*.py') if not hidden & set(file.parts))
        similar = ', '.join(difflib.get_close_matches(name, names, cutoff=0.4))
        raise FileNotFoundError(f'mmnoisy has no config {name!r}. ' + (f'Similar: {similar}.' if similar else ''))
    return str(path)


def find_config(name: str) -> str:
    """A path as it is, or ``mmnoisy::<name>`` as :func:`config_path` of the name.

    Raises:
        FileNotFoundError: No such file.
    """
    if name.startswith('mmnoisy::'):
        return config_path(name[len('mmnoisy::') :])
    if not Path(name).is_file():
        raise FileNotFoundError(
            f"The config file {name!r} does not exist. Configs of the package are named 'mmnoisy::<method>/<name>'."
        )
    return name


def read_config(path: str) -> Config:
    """The config in a file.

    Raises:
        SystemExit: It is no config; the message names the file.
    """
    try:
        return Config.fromfile(path)
    except Exception as error:
        raise SystemExit(
            f'The config {path} cannot be read ({type(error).__name__}: {error}). A config is a .py file of assignments, '
            'such as model = dict(...); correct it.'
        ) from error


def check_config(cfg: Config) -> None:
    """Refuse what is certain to fail once the run is built.

    Raises:
        SystemExit: All problems of the config, one a line.
    """
    problems = [
        f'The config {cfg.filename} has no {name}: take it from a _base_ or write it.'
        for name in ('model', 'train_dataloader', 'optim_wrapper', 'train_cfg')
        if not cfg.get(name)
    ]
    loader = cfg.get('train_dataloader')
    if isinstance(loader, dict) and not loader.get('dataset'):
        problems.append(
            'train_dataloader.dataset is missing: name a data set, such as dict(type="mmnoisy.LabelNoise", ...).'
        )
    train = cfg.get('train_cfg') or {}
    for name in ('max_epochs', 'max_iters'):
        if name in train and not (isinstance(train[name], int) and train[name] > 0):
            problems.append(f'train_cfg.{name} must be a whole number, at least 1, not {train[name]!r}.')
    optimizer = (cfg.get('optim_wrapper') or {}).get('optimizer') or {}
    problems += unknown_optimizer(optimizer.get('type'))
    rate = optimizer.get('lr')
    if rate is not None and not (isinstance(rate, (int, float)) and 0 <= rate < float('inf')):
        problems.append(f'optim_wrapper.optimizer.lr must be a number, at least 0, not {rate!r}.')
    hooks = cfg.get('custom_hooks') or []
    if not isinstance(hooks, (list, tuple)):
        problems.append(f'custom_hooks must be a list of dict(type=...), not {type(hooks).__name__}.')
        hooks = []
    problems += [
        f'custom_hooks[{i}] has no type: {dict(hook)}.'
        for i, hook in enumerate(hooks)
        if isinstance(hook, dict) and 'type' not in hook
    ]
    problems += [*loop_problems(cfg), *part_problems(cfg), *missing_files(cfg)]
    if problems:
        raise SystemExit('\n'.join(problems))


def unknown_optimizer(name) -> List[str]:
    """A problem where there is no optimizer of this name: upstream says no more than that None cannot be called."""
    from mmpretrain.registry import OPTIMIZERS

    if not isinstance(name, str) or OPTIMIZERS.get(name) is not None:
        return []
    known = [*OPTIMIZERS.module_dict, *OPTIMIZERS.parent.module_dict]
    return [f'optim_wrapper.optimizer: there is no optimizer {name}{nearest(name, known)}.']


def missing_files(cfg: Config) -> Iterator[str]:
    """Files that the config names and that are not there: read long after the start, or after the data."""
    named = {'load_from': cfg.get('load_from')}
    for part in ('train', 'val'):
        dataset = (cfg.get(f'{part}_dataloader') or {}).get('dataset')
        for i, noise in enumerate(label_noises([dataset])):
            path = f'{part}_dataloader.dataset' + (f' (LabelNoise {i})' if i else '')
            named[f'{path}.keep'] = noise.get('keep')
            named[f'{path}.trusted.path'] = (noise.get('trusted') or {}).get('path')
            named[f'{path}.noise.path'] = (noise.get('noise') or {}).get('path')
    for option, file in named.items():
        if isinstance(file, str) and '://' not in file and not os.path.exists(file):
            yield f'{option}: the file {file!r} does not exist.'


def run_parser(description: str) -> ArgumentParser:
    """A parser with the options that every tool has."""
    parser = ArgumentParser(description=description)
    parser.add_argument('config', help="config file, or 'mmnoisy::<method>/<name>' for one of the package")
    parser.add_argument('--work-dir', help='folder for all output; work_dirs/<config name> by default')
    parser.add_argument('--amp', action='store_true', help='automatic mixed precision')
    parser.add_argument('--no-pin-memory', action='store_true', help='no pinned memory in the loaders')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=OptionsAction,
        metavar='KEY=VALUE',
        help='overwrite config entries: nested keys with dots, lists as key="[a,b]"',
    )
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none', help='job launcher')
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    # torch.distributed.launch passes --local-rank.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=SUPPRESS)
    return parser


def parse_run(parser: ArgumentParser, argv: Optional[Sequence[str]] = None) -> Namespace:
    """The options in ``argv`` (the command line's where None), with the path of the config.

    Ends the program where there is no such config.
    """
    args = parser.parse_args(argv)
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    try:
        args.config = find_config(args.config)
    except FileNotFoundError as error:
        parser.error(str(error))
    return args


def set_run(cfg: Config, args) -> None:
    """Put the options that every tool has (``launcher``, ``work_dir``) into the config."""
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(args.config).stem)


def set_loader_defaults(cfg: Config, no_pin_memory: bool = False, no_persistent_workers: bool = False) -> None:
    """Fill in what a loader's config leaves open: pinned memory with a GPU, workers that live for the whole run."""
    import torch

    for part in ('train', 'val', 'test'):
        loader = cfg.get(f'{part}_dataloader')
        if not loader:
            continue
        loader.setdefault('pin_memory', torch.cuda.is_available())
        loader.setdefault('persistent_workers', loader.get('num_workers', 0) > 0)
        loader.setdefault('collate_fn', dict(type='default_collate'))
        if no_pin_memory:
            loader.pin_memory = False
        if no_persistent_workers:
            loader.persistent_workers = False


class NoiseAction(OptionsAction):
    """``KEY=VALUE ...`` of ``--noise`` as a dict: numbers, ``True``, ``False`` and ``None`` are typed, the rest is text."""

    def __call__(self, parser, namespace, values, option_string=None):
        for text in values:
            if '=' not in text:
                parser.error(f'{option_string}: {text!r} is not KEY=VALUE, such as kind=symmetric rate=0.6.')
        super().__call__(parser, namespace, values, option_string)


def label_noises(node) -> Iterator[dict]:
    """Every config of a LabelNoise at or below ``node``, such as a list of loaders."""
    if isinstance(node, dict):
        if node.get('type') in ('mmnoisy.LabelNoise', 'LabelNoise'):
            yield node
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for item in node:
            yield from label_noises(item)


def set_label_noise(cfg: Config, **options) -> None:
    """Set options of every LabelNoise in the loaders of a config: ``noise``, ``seed``.

    Raises:
        SystemExit: There is none.
    """
    found = list(label_noises([cfg.get(f'{part}_dataloader') for part in ('train', 'val', 'test')]))
    if not found:
        names = ', '.join('--noise' if name == 'noise' else '--noise-seed' for name in options)
        raise SystemExit(f'{names}: the config has no mmnoisy.LabelNoise.')
    for node in found:
        for name, option in options.items():
            # Not update(): that of a ConfigDict merges, and options of another kind of noise would stay.
            node[name] = copy.deepcopy(option)
