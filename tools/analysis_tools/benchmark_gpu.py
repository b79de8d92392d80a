"""Before and after each speed option, for CE, ELR, SSR and DivideMix at CIFAR-10's size, on random images.

Each pair of a method and an option is a run of ``benchmark_epoch.py`` in a process of its own. What it found is written to
``--out`` and printed as soon as it is there, so that a run that is stopped loses nothing, and the same command goes on where it
stopped. With ``--official`` a folder with the authors' DivideMix code is timed too. On a CPU: ``--images 256 --width 4``.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import torch
from mmengine.config import Config
from official_dividemix import time_official

from mmnoisy.config import config_path

FOLDER = Path(__file__).resolve().parent
METHODS = dict(
    ce='ce/ce_resnet34_120e_cifar10-sym40.py',
    elr='elr/elr_resnet34_150e_cifar10-sym40.py',
    ssr='ssr/ssr_preact-resnet18_300e_cifar10-sym50.py',
    dividemix='dividemix/dividemix_preact-resnet18_300e_cifar10-sym50.py',
)
AMP = dict(type='AmpOptimWrapper', dtype='bfloat16', loss_scale=1.0)
#: Name -> entries of ``fast``, and of ``optim_wrapper``.
OPTIONS = {
    'eager float32': ({}, {}),
    'channels_last': (dict(channels_last=True), {}),
    'fused optimizer': (dict(optimizer='fused'), {}),
    'cudnn_benchmark': (dict(cudnn_benchmark=True), {}),
    'bfloat16': ({}, AMP),
    'compile': (dict(compile='default'), {}),
    'compile, CUDA graphs': (dict(compile='reduce-overhead'), {}),
    'all on': (dict(channels_last=True, optimizer='fused', cudnn_benchmark=True, compile='default'), AMP),
    'all on, CUDA graphs': (
        dict(channels_last=True, optimizer='fused', cudnn_benchmark=True, compile='reduce-overhead'),
        AMP,
    ),
}
#: What a CPU does not have.
GPU_ONLY = ('cudnn_benchmark', 'bfloat16', 'compile, CUDA graphs', 'all on', 'all on, CUDA graphs')


def with_random_images(node, size: int):
    """A part of a config whose CIFAR data sets are random images, of which training has ``size``."""
    if isinstance(node, list):
        return [with_random_images(item, size) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get('type') == 'CIFAR10':
        test = node.get('split') == 'test'
        source = dict(type='mmnoisy.RandomImages', size=size // 5 if test else size)
        # Fetched in batches, as the real one is.
        return dict(type='mmnoisy.LabelNoise', source=source, pipeline=node['pipeline']) if test else source
    return {key: with_random_images(value, size) for key, value in node.items()}


def build(name: str, option: str, args) -> Config:
    """The config of a pair."""
    cfg = Config.fromfile(config_path(METHODS[name]))
    fast, wrapper = OPTIONS[option]
    if fast and 'fast' not in cfg:
        raise ValueError('the base config has no `fast`')
    for part in ('train', 'val', 'test'):
        loader = with_random_images(cfg[f'{part}_dataloader'].to_dict(), args.images)
        if args.workers is not None:
            loader.update(num_workers=args.workers, persistent_workers=args.workers > 0)
        cfg[f'{part}_dataloader'] = loader
    for network in (cfg.model, cfg.model.get('network') or {}):
        if args.width and 'backbone' in network:
            key = 'width' if network.backbone.type == 'mmnoisy.PreActResNet' else 'base_channels'
            network.backbone[key], network.head.in_channels = args.width, 8 * args.width
            if key == 'base_channels':
                network.backbone.stem_channels = args.width
    cfg.optim_wrapper.update(wrapper)
    cfg.get('fast', {}).update(fast)
    cfg.custom_imports = dict(imports=['benchmark_pipeline'])
    cfg.log_level = 'ERROR'
    return cfg


def run(name: str, option: str, args, seconds: float) -> dict:
    """What ``benchmark_epoch.py`` finds, or ``error``."""
    folder = args.out / f'{name} {option}'.replace(',', '').replace(' ', '_')
    folder.mkdir(parents=True, exist_ok=True)
    try:
        build(name, option, args).dump(folder / 'config.py')
    except ValueError as error:
        return dict(error=str(error))
    command = [sys.executable, FOLDER / 'benchmark_epoch.py', folder / 'config.py', '--epochs', args.epochs]
    command += ['--out', folder / 'epoch.json', *(['--trace', folder / 'trace.txt'] if args.trace else [])]
    path = os.pathsep.join([str(FOLDER), os.environ.get('PYTHONPATH', '')])
    try:
        with (folder / 'log.txt').open('w') as log:
            subprocess.run(
                list(map(str, command)),
                stdout=log,
                stderr=log,
                timeout=seconds,
                check=True,
                env=dict(os.environ, PYTHONPATH=path),
            )
    except subprocess.TimeoutExpired:
        return dict(error=f'not done in {seconds:.0f} s')
    except subprocess.CalledProcessError:
        lines = (folder / 'log.txt').read_text(errors='replace').strip().splitlines()
        return dict(error=lines[-1] if lines else 'it ended without a word')
    return json.loads((folder / 'epoch.json').read_text())


def row(name: str, option: str, found: dict, before: float) -> str:
    """A line of the table; ``before`` is the seconds of an epoch without options, 0 where they are not known."""
    if 'error' in found:
        return f'{name:10} {option:22} {found["error"]}'
    mean = mean_epoch(found)
    whole = sum(mean.values())
    train = mean['train'] + mean['data'] + mean['sweep']
    flops = found['step_flops'] and 100 * found['step_flops'] * found['steps'][-1] / mean['train'] / found['product']
    return (
        f'{name:10} {option:22}{whole:9.2f}{mean["data"]:8.2f}{mean["train"]:8.2f}{mean["sweep"]:8.2f}{mean["evaluate"]:9.2f}'
        f'{1e3 * mean["train"] / found["steps"][-1]:9.1f}{found["images"][-1] / train:10.0f}'
        f'{f"{flops:7.1f}%" if flops else "       -"}{found["peak_gib"]:8.2f}{f"{before / whole:8.2f}" if before else ""}'
    )


def mean_epoch(found: dict) -> dict:
    """Seconds by phase of an epoch after the first."""
    epochs = found['epochs'][1:]
    keys = {key: 0.0 for epoch in epochs for key in epoch}
    return {key: sum(epoch.get(key, 0.0) for epoch in epochs) / len(epochs) for key in keys}


def archive(path: Path, entry: dict) -> None:
    """Add a line to the archive."""
    with path.open('a', encoding='utf-8') as file:
        file.write(json.dumps(entry) + '\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, default=Path('benchmark_gpu'), help='folder for what is found')
    parser.add_argument(
        '--seconds', type=float, default=600, help='time limit; what is not done is left for the next call'
    )
    parser.add_argument('--methods', nargs='+', choices=list(METHODS), default=list(METHODS))
    parser.add_argument('--options', nargs='+', choices=list(OPTIONS), default=list(OPTIONS))
    parser.add_argument('--epochs', type=int, default=3)
    parser.add_argument('--images', type=int, default=50_000)
    parser.add_argument('--width', type=int, help="of all networks; the configs' own where left out")
    parser.add_argument('--workers', type=int, help="of the loaders; the configs' own where left out")
    parser.add_argument('--trace', action='store_true', help='profile a few steps of each run too')
    parser.add_argument('--official', type=Path, help='folder with the official DivideMix code (Train_cifar.py)')
    args = parser.parse_args()
    args.out = args.out.resolve()
    args.out.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + args.seconds
    results = args.out / 'results.jsonl'
    lines = results.read_text(encoding='utf-8').splitlines() if results.exists() else []
    done = {(entry['method'], entry['option']): entry['found'] for entry in map(json.loads, lines)}
    heads = ('whole', 'data', 'train', 'sweep', 'evaluate', 'ms/step', 'images/s', 'of peak', 'GiB', 'times')
    widths = (9, 8, 8, 8, 9, 9, 10, 8, 8, 8)
    print(torch.cuda.get_device_name() if torch.cuda.is_available() else 'CPU', '- seconds of an epoch')
    print(f'{"":33}' + ''.join(f'{head:>{width}}' for head, width in zip(heads, widths)))
    # The methods in turns: where the time is over, each has its first options.
    for option in args.options:
        if option in GPU_ONLY and not torch.cuda.is_available():
            continue
        for name in args.methods:
            left = end - time.monotonic()
            if (name, option) not in done:
                if left < 10:
                    print('the time is over; the same command goes on')
                    return
                done[name, option] = run(name, option, args, left)
                if done[name, option].get('error', '').startswith('not done'):
                    print(row(name, option, done[name, option], 0))
                    return
                archive(results, dict(method=name, option=option, found=done[name, option]))
            before = done.get((name, next(iter(OPTIONS))), dict(error=''))
            whole = 0 if 'error' in before else sum(mean_epoch(before).values())
            print(row(name, option, done[name, option], whole), flush=True)
    if args.official and ('official', '') not in done:
        found = time_official(args.official, args.out / 'official', args.images, end - time.monotonic())
        archive(results, dict(method='official', option='', found=found))
        print(json.dumps(found))


if __name__ == '__main__':
    main()
