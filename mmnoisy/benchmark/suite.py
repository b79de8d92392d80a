"""A suite: methods x noises x seeds, declared in a config, and the runs that it stands for."""

import copy
import fnmatch
from itertools import product
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

from mmengine.config import Config

from ..config import config_path, label_noises
from .contents import content_key, put_strings

#: Every table holds these: plain training, what two lines of config add to it, and the ceiling.
ROLES = ('ce', 'ce_mixup_ema', 'ceiling')
#: Stands in a config for the file that :func:`mmnoisy.evaluation.right_labels.write_right_labels` writes for the ceiling.
RIGHT_LABELS = '{right_labels}'
_KEYS = {'name', 'title', 'note', 'data', 'paths', 'options', 'methods', 'noises', 'seeds', 'folds'}
_METHOD = {'config', 'role', 'title', 'options', 'noises', 'seconds', 'published'}
_NOISE = {'noise', 'label', 'data', 'options'}


class Cell(NamedTuple):
    """One run of a suite.

    Args:
        method (str): Its key in the suite.
        noise (str): Its key in the suite.
        seed (int): Of initialisation and order, and of the noise.
        config (str): Path of the config below ``configs/``, without ``.py``.
        entry (dict, optional): ``noise`` of the run in ``results.json``; None is the config's own.
        content (dict): The whole config; data are named by their default places.
        key (str): Hash of the content.
        seconds (float, optional): What the suite says that a run takes.
        fold (int, optional): Which share is held out; None in a suite without folds.
    """

    method: str
    noise: str
    seed: int
    config: str
    entry: Optional[dict]
    content: dict
    key: str
    seconds: Optional[float]
    fold: Optional[int] = None

    @property
    def name(self) -> str:
        name = f'{self.method} {self.noise} seed {self.seed}'
        return name if self.fold is None else f'{name} fold {self.fold}'


class Suite(NamedTuple):
    """A suite that was read; ``cells`` in the order of running: all methods of a seed before the next seed."""

    name: str
    title: str
    note: str
    methods: Dict[str, dict]
    noises: Dict[str, dict]
    seeds: List[int]
    paths: Dict[str, str]
    cells: List[Cell]
    folds: int = 1

    def by_role(self, role: str) -> str:
        """The method of a role."""
        return next(name for name, method in self.methods.items() if method.get('role') == role)

    def runs_under(self, method: str, noise: str) -> bool:
        return noise in self.methods[method].get('noises', self.noises)


def declaration(path) -> dict:
    """What a suite's file says.

    Raises:
        ValueError: An entry is wrong or a needed row is missing; the message names it.
    """
    declared = Config.fromfile(path).to_dict()
    _check(declared, path)
    return declared


def read_suite(path, identities: Optional[Dict[str, str]] = None, configs: Optional[Path] = None) -> Suite:
    """Read a suite.

    Args:
        path (str | Path): The file. ``methods`` is ``{name: dict(config=..., role=..., title=..., options={...},
            noises=[...], seconds=..., published={...})}``, of which ``config`` is needed; ``noises`` is ``{name:
            dict(noise=..., label=..., data=..., options={...})}`` with LabelNoise's ``noise`` or a column of a bank, or
            both; ``paths`` names the data by the places that stand in the configs. With ``folds`` each run is trained once
            for each of so many disjoint held-out shares, and keeps its predictions of them: such a suite says how well
            they choose, and has no tables.
        identities (dict, optional): Identity of the data at each of ``paths``, see
            :func:`mmnoisy.benchmark.contents.data_identity`: part of a run's content.
        configs (Path, optional): Folder of the configs; the package's where None.

    Raises:
        ValueError: An entry is wrong or a needed row is missing; the message names it.
    """
    declared = declaration(path)
    loaded: Dict[str, dict] = {}
    cells = []
    folds = declared.get('folds', 1)
    for seed, fold, noise in product(declared['seeds'], range(folds) if folds > 1 else [None], declared['noises']):
        for method, options in declared['methods'].items():
            if noise in options.get('noises', declared['noises']):
                cells.append(_cell(declared, method, noise, seed, fold, loaded, identities or {}, configs))
    keys: Dict[str, Cell] = {}
    for cell in cells:
        if keys.setdefault(cell.key, cell) is not cell:
            raise ValueError(f'{path}: {cell.name} and {keys[cell.key].name} are one run: their configs are equal.')
    fields = {field: declared.get(field, default) for field, default in (('title', declared['name']), ('note', ''))}
    kept = {field: declared[field] for field in ('name', 'methods', 'noises', 'seeds')}
    return Suite(**kept, **fields, paths=declared.get('paths', {}), cells=cells, folds=folds)


def chosen(cells: List[Cell], only: Optional[str]) -> List[Cell]:
    """The cells whose ``method/noise/seed`` matches one of the patterns of ``only``, which commas separate."""
    patterns = [pattern if '/' in pattern else f'{pattern}/*' for pattern in (only or '*').split(',')]
    patterns = [pattern if pattern.count('/') > 1 else f'{pattern}/*' for pattern in patterns]
    return [
        cell
        for cell in cells
        if any(fnmatch.fnmatchcase(f'{cell.method}/{cell.noise}/{cell.seed}', pattern) for pattern in patterns)
    ]


def _cell(declared, method, noise, seed, fold, loaded, identities, configs) -> Cell:
    options = declared['methods'][method]
    name = options['config'].removesuffix('.py')
    if name not in loaded:
        loaded[name] = Config.fromfile(configs / f'{name}.py' if configs else config_path(name))
    cfg = copy.deepcopy(loaded[name])
    own = cfg.train_dataloader.dataset.get('noise')
    wanted = declared['noises'][noise]
    for extra in (declared.get('options'), options.get('options'), wanted.get('options')):
        cfg.merge_from_dict(copy.deepcopy(extra or {}))
    for node in label_noises([cfg.get(f'{part}_dataloader') for part in ('train', 'val')]):
        node['noise'], node['seed'] = copy.deepcopy(wanted.get('noise')), seed
        if 'label' in wanted:
            node['source']['label'] = wanted['label']
        if fold is not None:
            node['fold'] = _checked(fold, declared['folds'], node.get('holdout', 0), name)
    cfg.setdefault('randomness', {})['seed'] = seed
    cfg.default_hooks['predictions'] = dict(type='mmnoisy.PredictionsHook')
    if fold is not None:
        # Of the epoch with the best accuracy, which SummaryHook goes by too.
        cfg.default_hooks['held_out'] = dict(type='mmnoisy.ValidationRecordHook', window=1)
    if options.get('role') == 'ceiling':
        cfg.train_dataloader.dataset['keep'] = RIGHT_LABELS
    content = cfg.to_dict()
    content.update(visualizer=dict(type='UniversalVisualizer', vis_backends=[dict(type='LocalVisBackend')]))
    content.update(log_level='WARNING', work_dir=None)
    used = {
        place: name for name, place in declared.get('paths', {}).items() if put_strings(content, {place: ''}) != content
    }
    identity = ''.join(f'{name}: {identities.get(name)}\n' for name in sorted(used.values()))
    entry = _entry(declared, wanted, own, options)
    key = content_key(content, identity)
    return Cell(method, noise, seed, name, entry, content, key, options.get('seconds'), fold)


def _checked(fold: int, folds: int, holdout: float, config: str) -> int:
    if not 0 < holdout <= (1 + 1e-9) / folds:
        raise ValueError(
            f'{config}: {folds} folds need a held-out share (`holdout`) above 0 and of at most 1 / {folds}, not {holdout}.'
        )
    return fold


def _entry(declared, wanted, own, options) -> Optional[dict]:
    """What names the noise in ``results.json``; None where it is the config's own."""
    data = wanted.get('data', declared.get('data'))
    entry = dict(data=data) if data else {}
    if 'label' in wanted or wanted.get('noise') != own:
        entry.update({key: wanted[key] for key in ('label',) if key in wanted and not wanted.get('noise')})
        entry.update(wanted.get('noise') or {})
    if options.get('role') == 'ceiling':
        entry['trained_on'] = 'right labels only'
    if options.get('options'):
        entry['setting'] = options.get('title', 'as in the suite')
    return entry or None


def _check(declared: dict, path) -> None:
    unknown = set(declared) - _KEYS
    missing = {'name', 'methods', 'noises', 'seeds'} - set(declared)
    if unknown or missing:
        raise ValueError(
            f'{path} is no suite: it lacks {sorted(missing)} and has the unknown entries {sorted(unknown)}.'
        )
    folds = declared.get('folds', 1)
    if isinstance(folds, bool) or not isinstance(folds, int) or folds < 1:
        raise ValueError(f'{path}: folds must be a whole number of at least 1, not {folds!r}.')
    for kind, known in (('methods', _METHOD), ('noises', _NOISE)):
        for name, options in declared[kind].items():
            if set(options) - known:
                raise ValueError(f'{path}: {name} has the unknown options {sorted(set(options) - known)}.')
    for name, method in declared['methods'].items():
        other = set(method.get('noises', ())) - set(declared['noises'])
        if 'config' not in method or other:
            raise ValueError(
                f'{path}: the method {name} needs a `config`, and noises of the suite, not {sorted(other)}.'
            )
    roles = [method.get('role') for method in declared['methods'].values()]
    for role in ROLES:
        if roles.count(role) != 1:
            raise ValueError(
                f'{path}: one method needs role={role!r}. Every table holds plain training, the same with mixup and EMA, and '
                'the same on right labels only.'
            )
