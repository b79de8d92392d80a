"""Writing one network of a two-network checkpoint as a plain ImageClassifier: a checkpoint and its config."""

import argparse
from pathlib import Path
from typing import Optional, Sequence

import torch
from mmengine.config import Config
from mmengine.runner.checkpoint import CheckpointLoader

from .compat import allow_checkpoint_globals
from .files import replace_file


def parse_args(argv: Optional[Sequence[str]] = None):
    parser = argparse.ArgumentParser(description='Extract one of two networks for deployment.')
    parser.add_argument('config', help='config of the run')
    parser.add_argument('checkpoint', help='checkpoint of the run')
    parser.add_argument('out', help='checkpoint to write; the config is written beside it with the suffix .py')
    parser.add_argument('--net', choices=['net1', 'net2'], default='net1', help='which network')
    return parser.parse_args(argv)


def extract(config: str, checkpoint: str, out: str, net: Optional[str] = 'net1') -> None:
    """Write the weights and the config of one network.

    The training loss is replaced by cross entropy: it takes no part in prediction.

    Args:
        config (str): Config with a two-network model.
        checkpoint (str): Its checkpoint.
        out (str): Checkpoint to write, ``*.pth``; ``*.py`` is written beside it.
        net (str, optional): ``'net1'`` or ``'net2'``; None for a model of one network. Defaults to ``'net1'``.

    Raises:
        ValueError: The config or the checkpoint is not of two networks.
    """
    cfg = Config.fromfile(config)
    if net is not None and 'network' not in cfg.model:
        raise ValueError(f'{config}: its model, {cfg.model.type}, is not one of two networks.')
    allow_checkpoint_globals()
    state = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu')
    prefix = '' if net is None else f'{net}.'
    weights = {
        name[len(prefix) :]: value
        for name, value in state.get('state_dict', state).items()
        if name.startswith(prefix) and not name.startswith(f'{prefix}head.loss_module.')
    }
    if not weights:
        raise ValueError(f'{checkpoint} has no weights of {net}: it is not a checkpoint of {config}.')
    model = cfg.model if net is None else cfg.model.network
    if model.get('type') == 'mmnoisy.SampleAwareClassifier':
        model.type = 'ImageClassifier'
        model.pop('penalties', None)
    model.pop('train_cfg', None)
    model.head.loss = dict(type='CrossEntropyLoss')
    if 'data_preprocessor' in cfg.model:
        model.data_preprocessor = cfg.model.data_preprocessor
    cfg.model = model
    cfg.pop('custom_hooks', None)
    if not cfg.get('test_dataloader') and cfg.get('val_dataloader'):
        # Where inferencers look for the transforms.
        cfg.test_dataloader = cfg.val_dataloader
    meta = {key: value for key, value in state.get('meta', {}).items() if key == 'dataset_meta'}
    with replace_file(out, 'wb') as file:
        torch.save(dict(state_dict=weights, meta=meta), file)
    cfg.dump(Path(out).with_suffix('.py'))


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Extract and say where the network is."""
    args = parse_args(argv)
    extract(args.config, args.checkpoint, args.out, args.net)
    print(f'{args.net} of {args.checkpoint} is in {args.out}, its config in {Path(args.out).with_suffix(".py")}')
