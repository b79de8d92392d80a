"""An ordinary config file for a user's own data: a few lines over a config of the package."""

import math
from pathlib import Path
from typing import Any, Dict, Iterator, Optional

from mmengine.config import Config

from ..config import config_path
from ..datasets.own_data import OwnData
from ..files import write_text
from .data_config import dataset_config, has_weights, parts
from .options import METHODS, SCRATCH, TrainOptions

#: Options of hooks and models that count epochs of the packaged schedule.
_COUNT_EPOCHS = ('warmup_epochs', 'num_gradual', 'ramp_epochs', 'begin')


def write_config(
    path,
    data: OwnData,
    options: TrainOptions,
    *,
    work_dir,
    test: Optional[OwnData] = None,
    bank=None,
    test_bank=None,
    note: str = '',
) -> Path:
    """Write a config that ``tools/train.py`` trains.

    Args:
        path (str | Path): The file; replaced where it exists.
        data (OwnData): Training images, with the parts ``val`` and ``test`` where it has them.
        options (TrainOptions): How to train.
        work_dir (str | Path): Folder of the run.
        test (OwnData, optional): Test images, in place of the part ``test`` of ``data``.
        bank (Bank, optional): Features of ``data``, where they are frozen; ``test_bank`` those of ``test``.
        note (str): A sentence for the head of the file.
    """
    base = METHODS[options.method] if options.frozen else base_name(options.method, data)
    cfg = Config.fromfile(config_path(base))
    changes = {'work_dir': str(Path(work_dir).resolve()), 'randomness.seed': options.seed}
    if options.frozen:  # What predictions need to make features of other images.
        changes['features'] = dict(backbone=options.backbone, weights=options.weights, size=options.size)
    changes.update(_frozen_data(data, bank, test_bank) if options.frozen else _image_data(cfg, data, test, options))
    changes.update(_model(cfg, len(data.classes), options, bank))
    changes.update(_schedule(cfg, options))
    if options.batch_size:
        changes['train_dataloader.batch_size'] = options.batch_size
        # In proportion, as --auto-scale-lr does.
        scale = options.batch_size / cfg.train_dataloader.batch_size
        changes['optim_wrapper.optimizer.lr'] = float(f'{cfg.optim_wrapper.optimizer.lr * scale:.4g}')
    if cfg.get('stages'):
        changes['stages'] = _stages(cfg.stages, len(data.classes), options, bank)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    head = f'# {note}\n' if note else ''
    text = f"{head}_base_ = __import__('mmnoisy').config_path({base!r})\n{Config(nested(changes)).pretty_text}"
    write_text(path, text)
    return path


def base_name(method: str, data: OwnData) -> str:
    """Name of the packaged config of a method for folders or tables."""
    kind = 'image-folder' if data.kind in ('folder', 'builtin') else 'csv'
    return f'{method}/{method}_resnet18_30e_{kind}.py'


def nested(changes: dict) -> dict:
    """``{'a.b': 1}`` -> ``{'a': {'b': 1}}``."""
    found: Dict[str, Any] = {}
    for key, value in changes.items():
        *parents, last = key.split('.')
        node = found
        for name in parents:
            node = node.setdefault(name, {})
        node[last] = value
    return found


def _image_data(cfg, data: OwnData, test: Optional[OwnData], options: TrainOptions) -> dict:
    source = dict(dataset_config(data), _delete_=True)
    changes: Dict[str, Any] = {'train_dataloader.dataset.source': source}
    for part in ('train', 'val', 'test'):
        changes[f'{part}_dataloader.num_workers'] = options.workers
        changes[f'{part}_dataloader.dataset.pipeline'] = sized(cfg[f'{part}_dataloader'].dataset.pipeline, options)
        if not options.workers:
            changes[f'{part}_dataloader.persistent_workers'] = False
    if has_weights(data):
        changes['train_dataloader.dataset.pipeline'][-1]['algorithm_keys'] = ('sample_weight',)
    if 'val' in parts(data):
        changes['train_dataloader.dataset.holdout'] = 0.0
        pipeline = changes.pop('val_dataloader.dataset.pipeline')
        changes['val_dataloader.dataset'] = dict(dataset_config(data, 'val'), _delete_=True, pipeline=pipeline)
    else:
        changes['val_dataloader.dataset.source'] = source
    pipeline = changes.pop('test_dataloader.dataset.pipeline')
    if test is None and 'test' not in parts(data):
        return _without_test(changes)
    source = dataset_config(data, 'test') if test is None else dict(dataset_config(test), classes=list(data.classes))
    changes['test_dataloader.dataset'] = dict(source, _delete_=True, test_mode=True, pipeline=pipeline)
    return changes


def _frozen_data(data: OwnData, bank, test_bank) -> dict:
    source, folder = 'train_dataloader.dataset.source', str(Path(bank.folder).resolve())
    changes: Dict[str, Any] = {f'{source}.bank': folder, f'{source}.split': 'train'}
    if 'val' in parts(data):
        changes['train_dataloader.dataset.holdout'] = 0.0
        pipeline = [dict(type='PackInputs')]
        changes['val_dataloader.dataset'] = dict(
            type='mmnoisy.FeatureBank', bank=folder, split='val', _delete_=True, pipeline=pipeline
        )
    else:
        changes.update({source.replace('train_', 'val_') + key: changes[source + key] for key in ('.bank', '.split')})
    if test_bank is None and 'test' not in parts(data):
        return _without_test(changes)
    changes['test_dataloader.dataset.bank'] = folder if test_bank is None else str(Path(test_bank.folder).resolve())
    if test_bank is None:
        changes['test_dataloader.dataset.split'] = 'test'
    return changes


def _without_test(changes: dict) -> dict:
    changes = {key: value for key, value in changes.items() if not key.startswith('test_')}
    return dict(changes, test_dataloader=None, test_evaluator=None, test_cfg=None)


def _model(cfg, num_classes: int, options: TrainOptions, bank) -> dict:
    """Numbers of classes wherever the config has them, and the backbone."""
    tree = dict(model=cfg.model, data_preprocessor=cfg.data_preprocessor)
    changes: Dict[str, Any] = dict.fromkeys(_find(tree, 'num_classes'), num_classes)
    network = 'model.network' if 'network' in cfg.model else 'model'
    if bank is not None:
        changes[f'{network}.backbone.bank'] = str(Path(bank.folder).resolve())
        changes[f'{network}.backbone.in_channels'] = changes[f'{network}.head.in_channels'] = bank.features.shape[2]
    elif options.backbone != SCRATCH:
        from ..models.backbones.pretrained import build_backbone

        net = build_backbone(options.backbone, options.weights)
        changes[f'{network}.backbone'] = dict(
            type='mmnoisy.PretrainedBackbone', name=options.backbone, weights=options.weights, _delete_=True
        )
        changes[f'{network}.neck'] = None
        changes[f'{network}.head.in_channels'] = net.num_features
        changes['data_preprocessor.mean'], changes['data_preprocessor.std'] = list(net.mean), list(net.std)
    if options.extras:
        changes[f'{network}.train_cfg'] = dict(augments=dict(type='Mixup', alpha=0.4))
    return changes


def _schedule(cfg, options: TrainOptions) -> dict:
    old, new = cfg.train_cfg.max_epochs, options.epochs
    changes: Dict[str, Any] = {}
    hooks = [dict(hook) for hook in cfg.get('custom_hooks') or ()]
    if new != old:
        changes['train_cfg.max_epochs'] = new
        several = isinstance(cfg.param_scheduler, (list, tuple))
        schedulers = [_rescale(dict(s), old, new) for s in (cfg.param_scheduler if several else [cfg.param_scheduler])]
        changes['param_scheduler'] = schedulers if several else schedulers[0]
        for key in _find(dict(model=cfg.model), *_COUNT_EPOCHS):
            node = cfg
            for name in key.split('.'):
                node = node[name]
            changes[key] = _share(node, old, new)
        hooks = [{k: _share(v, old, new) if k in _COUNT_EPOCHS else v for k, v in hook.items()} for hook in hooks]
        for hook in hooks:
            if hook['type'] == 'mmnoisy.ForgetRateHook':
                # Three epochs are few already: in a short run it begins as late as it can.
                hook['begin'] = min(hook.get('begin', 3), max(1, new - 1))
    if options.extras:
        # The average follows the weights closely at first: short runs would keep the random ones of the start.
        hooks.append(
            dict(type='EMAHook', ema_type='MomentumAnnealingEMA', momentum=0.002, gamma=10, update_buffers=True)
        )
    if hooks and (new != old or options.extras):
        changes['custom_hooks'] = hooks
    return changes


def _rescale(scheduler: dict, old: int, new: int) -> dict:
    """A schedule of ``old`` epochs in ``new`` ones."""
    for key in ('T_max', 'end', 'begin'):
        if key in scheduler:
            scheduler[key] = round(scheduler[key] * new / old)
    if 'milestones' in scheduler:
        scheduler['milestones'] = [max(1, round(epoch * new / old)) for epoch in scheduler['milestones']]
    return scheduler


def _share(epochs, old: int, new: int) -> int:
    return min(max(1, math.floor(epochs * new / old)), max(1, new - 1)) if epochs else 0


def _stages(stages, num_classes: int, options: TrainOptions, bank) -> list:
    """The stages with this number of classes, the extra one of AUM's thresholds among them, and no more epochs."""
    found = []
    for stage in stages:
        stage = Config(dict(stage)).to_dict()
        for key, value in (stage.get('options') or {}).items():
            if key == 'model.head.num_classes':
                stage['options'][key] = num_classes + 1
            if key == 'train_cfg.max_epochs':
                stage['options'][key] = min(value, options.epochs)
            if key == 'model' and bank is not None:
                width = bank.features.shape[2]
                value['backbone'].update(in_channels=width, bank=str(Path(bank.folder).resolve()))
                value['head'].update(in_channels=width, num_classes=num_classes + 1)
        found.append(stage)
    return found


def sized(pipeline, options: TrainOptions) -> list:
    """The pipeline with its crops of ``size`` pixels, and what is resized before a centre crop in proportion (8 / 7).

    Fine-tuning is short: its random crops show most of the image.
    """
    found, size = [], options.size
    for step in pipeline:
        step = Config(dict(step)).to_dict()
        if step['type'] == 'RandomResizedCrop':
            step['scale'] = size
            if options.mode == 'fine':
                step['crop_ratio_range'] = (0.35, 1.0)
        elif step['type'] == 'ResizeEdge':
            step['scale'] = round(size * 8 / 7)
        elif step['type'] == 'CenterCrop':
            step['crop_size'] = size
        elif 'transforms' in step:
            step['transforms'] = [sized(view, options) for view in step['transforms']]
        found.append(step)
    return found


def _find(node, *names: str, prefix: str = '') -> Iterator[str]:
    """Dotted keys of a tree of dicts whose last part is one of ``names``."""
    for key, value in node.items():
        if key in names:
            yield prefix + key
        elif hasattr(value, 'items'):
            yield from _find(value, *names, prefix=f'{prefix}{key}.')
