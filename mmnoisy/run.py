"""Training a model from a config: mmpretrain's train.py with ``--seed``, ``--noise`` and ``--noise-seed``."""

import gc
import os
from typing import Any, List, Optional, Sequence

import torch
from mmengine.config import Config
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import RUNNERS
from mmengine.runner import Runner
from mmengine.visualization import Visualizer

from .cfg_options import merge_options, warn_of_unknown
from .config import NoiseAction, RunConfig, parse_run, run_parser, set_label_noise, set_loader_defaults, set_run
from .functional.noise import noise_problems


def parse_args(argv: Optional[Sequence[str]] = None):
    """Options of a training run; ends the program where one is unusable."""
    parser = run_parser('Train a model on noisy labels. The work dir gets checkpoints, history.csv and summary.json.')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='go on from this checkpoint, or from the newest complete one of the work dir where none is named',
    )
    parser.add_argument('--seed', type=int, help='seed of initialisation, order and augmentation')
    parser.add_argument('--noise-seed', type=int, help='seed of every LabelNoise in the config (noise and holdout)')
    parser.add_argument(
        '--noise',
        nargs='+',
        action=NoiseAction,
        metavar='KEY=VALUE',
        help='noise of every LabelNoise in the config, in place of its own: kind=symmetric rate=0.6',
    )
    parser.add_argument('--no-validate', action='store_true', help='no validation while training')
    parser.add_argument('--auto-scale-lr', action='store_true', help='scale the learning rate by the batch size')
    parser.add_argument(
        '--no-persistent-workers', action='store_true', help="start the loaders' workers anew each epoch"
    )
    args = parse_run(parser, argv)
    if args.resume not in (None, 'auto') and '://' not in args.resume and not os.path.exists(args.resume):
        parser.error(f'--resume: the checkpoint {args.resume!r} does not exist.')
    for option, seed in (('--seed', args.seed), ('--noise-seed', args.noise_seed)):
        if seed is not None and not 0 <= seed < 2**32:
            parser.error(f'{option} must be from 0 to 2**32 - 1, not {seed}.')
    return args


def merge_args(cfg, args):
    """Put the command line's options into the config."""
    set_run(cfg, args)
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if args.resume is not None:
        cfg.resume = True
        if args.resume != 'auto':
            cfg.load_from = args.resume
    if args.auto_scale_lr:
        if 'auto_scale_lr' not in cfg:
            raise SystemExit('--auto-scale-lr: the config has no auto_scale_lr=dict(base_batch_size=...).')
        cfg.auto_scale_lr.enable = True
    if args.seed is not None:
        cfg.setdefault('randomness', {})
        cfg.randomness.seed = args.seed
    if args.cfg_options is not None:
        warn_of_unknown(cfg, args.cfg_options)
        merge_options(cfg, args.cfg_options)
    if args.noise is not None:
        problems = noise_problems(args.noise)
        if problems:
            raise SystemExit(f'--noise: {" ".join(problems)}')
        set_label_noise(cfg, noise=args.noise)
    if args.noise_seed is not None:
        set_label_noise(cfg, seed=args.noise_seed)
    set_loader_defaults(cfg, args.no_pin_memory, args.no_persistent_workers)
    return cfg


def forget_runs() -> None:
    """Forget what mmengine keeps of earlier runs in this process, and close their logs."""
    for logger in MMLogger._instance_dict.values():
        for handler in logger.handlers:
            handler.close()
    managers: List[Any] = [MessageHub, MMLogger, Visualizer]
    while managers:
        manager = managers.pop()
        # Each class keeps its own: two runs that begin in one second would share the visualizer of the first.
        manager._instance_dict.clear()
        managers += manager.__subclasses__()
    gc.collect()
    torch.cuda.empty_cache()


def build_runner(cfg: Config, noise: Optional[dict] = None) -> Runner:
    """The runner of a config, of its own ``runner_type`` where it names one.

    Args:
        cfg (Config): The config.
        noise (dict, optional): What ``--noise`` set in it: the training data are read at once, as training would read
            them, and unusable noise ends the program with LabelNoise's message.
    """
    cfg = RunConfig.of(cfg)
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    if noise is not None:
        try:
            _ = runner.train_loop
        except ValueError as error:
            if 'noise: ' not in str(error):
                raise
            raise SystemExit(f'--noise: {error}') from error
    return runner
