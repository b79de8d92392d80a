"""Evaluating a checkpoint on a config's test set: mmpretrain's test.py."""

import os
from typing import Optional, Sequence

import mmengine
from mmengine.dist import is_main_process
from mmengine.evaluator import DumpResults

from .cfg_options import merge_options, warn_of_unknown
from .config import parse_run, read_config, run_parser, set_loader_defaults, set_run
from .run import build_runner


def parse_args(argv: Optional[Sequence[str]] = None):
    """Options of an evaluation; ends the program where one is unusable."""
    parser = run_parser("Evaluate a checkpoint on a config's test set.")
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--out', help='file for the results: .pkl for predictions, also .json for metrics')
    parser.add_argument('--out-item', choices=['metrics', 'pred'], help='what --out writes; predictions by default')
    args = parse_run(parser, argv)
    if '://' not in args.checkpoint and not os.path.exists(args.checkpoint):
        parser.error(f'the checkpoint {args.checkpoint!r} does not exist.')
    if args.out_item is not None and args.out is None:
        parser.error('--out-item needs --out, the file to write.')
    if args.out is not None and args.out_item != 'metrics' and not args.out.endswith(('.pkl', '.pickle')):
        parser.error('--out: predictions go to a .pkl file; for metrics add --out-item metrics.')
    return args


def merge_args(cfg, args):
    """Put the command line's options into the config."""
    set_run(cfg, args)
    cfg.load_from = args.checkpoint
    cfg.resume = False
    if args.amp:
        cfg.test_cfg.fp16 = True
    if args.cfg_options is not None:
        warn_of_unknown(cfg, args.cfg_options)
        merge_options(cfg, args.cfg_options)
    if not cfg.get('test_dataloader'):
        raise SystemExit(f'{args.config} has no test_dataloader.')
    set_loader_defaults(cfg, args.no_pin_memory)
    return cfg


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Evaluate and print the metrics."""
    args = parse_args(argv)
    cfg = merge_args(read_config(args.config), args)
    runner = build_runner(cfg)
    if args.out and args.out_item != 'metrics':
        runner.test_evaluator.metrics.append(DumpResults(out_file_path=args.out))
    metrics = runner.test()
    if is_main_process():
        if args.out and args.out_item == 'metrics':
            mmengine.dump(metrics, args.out)
        images = len(runner.test_dataloader.dataset)
        for name, value in metrics.items():
            text = f'{value:.2f}' if isinstance(value, float) else value
            print(f'{name}: {text} ({images} images, {args.checkpoint})')
