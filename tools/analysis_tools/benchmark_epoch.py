"""Where the time of a config's epoch goes: the share of each phase, images per second, FLOP/s and memory.

The config is trained for a few epochs in a folder that is deleted afterwards; the first epoch, in which caches are filled and the
loader's workers start, stands beside the mean of the others. Warm-ups of hooks are cut to one epoch, so that what a method does
after them is measured. FLOP/s are those of the training steps (matrix products and convolutions, forward and backward) against
a large matrix product on the same device, measured in the same run.
"""

import time

START = dict(wall=time.perf_counter(), cpu=time.process_time())

import json  # noqa: E402
import resource  # noqa: E402
import tempfile  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Optional, Tuple  # noqa: E402

import torch  # noqa: E402
from mmengine.config import Config  # noqa: E402
from phased_runner import PHASES, PhaseClock, PhasedRunner  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from mmnoisy.config import parse_run, run_parser, set_loader_defaults, set_run  # noqa: E402
from mmnoisy.engine.sweep import precision  # noqa: E402
from mmnoisy.run import merge_options  # noqa: E402


def shortened(cfg: Config, epochs: int) -> Config:
    """The config for so many epochs, whose hooks have done with their warm-up after the first."""
    cfg.train_cfg.max_epochs = epochs
    for hook in cfg.get('custom_hooks') or []:
        if hook.get('warmup_epochs', 0) > 1:
            hook.warmup_epochs = 1
    return cfg


def measure(cfg: Config, clock: str) -> dict:
    """Train as ``cfg`` says; the numbers that are printed."""
    now = time.perf_counter if clock == 'wall' else time.process_time
    runner = PhasedRunner.from_cfg(cfg)
    # The start includes what is imported.
    runner.phases = PhaseClock(now, START[clock])
    runner.train()
    runner.epochs.append(runner.phases.take())
    device = next(runner.model.parameters()).device
    peak = peak_memory(device)
    flops, problem = step_flops(runner)
    return dict(
        config=Path(cfg.filename).stem,
        device=torch.cuda.get_device_name(device)
        if device.type == 'cuda'
        else f'CPU, {torch.get_num_threads()} threads',
        clock=clock,
        start=runner.start,
        epochs=runner.epochs,
        images=runner.images,
        steps=runner.steps,
        step_flops=flops,
        flops_problem=problem,
        product=product_flops(device, runner, now),
        peak_gib=peak,
    )


def step_flops(runner, batches: int = 3) -> Tuple[Optional[float], str]:
    """Mean floating point operations of a training step of the last epoch; None and the reason where it cannot be counted."""
    total, steps = 0, 0
    try:
        # The networks go on to learn: nothing else is measured afterwards.
        runner.model.train()
        for batch in runner.train_dataloader:
            for hook in runner.hooks:
                hook.before_train_iter(runner, batch_idx=steps, data_batch=batch)
            with FlopCounterMode(display=False) as counter:
                runner.model.train_step(batch, optim_wrapper=runner.optim_wrapper)
            total, steps = total + counter.get_total_flops(), steps + 1
            if steps == batches:
                break
    except Exception as error:  # What a step does is any method's own business.
        return None, f'{type(error).__name__}: {error}'
    return total / max(1, steps), ''


def product_flops(device, runner, now, seconds: float = 1.0) -> float:
    """FLOP/s of a large product of square matrices, in the precision of training."""
    size = 8192 if device.type == 'cuda' else 1024
    one = torch.randn(size, size, device=device)

    def product(times: int) -> float:
        start = now()
        for _ in range(times):
            one @ one
        if device.type == 'cuda':
            torch.cuda.synchronize()
        return now() - start

    with torch.no_grad(), precision(runner):
        product(2)
        times = max(1, int(seconds / max(product(1), 1e-6)))
        return 2 * size**3 * times / product(times)


def peak_memory(device) -> float:
    """GiB: the device's where it is a GPU, else this process's."""
    if device.type == 'cuda':
        return torch.cuda.max_memory_allocated(device) / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def report(found: dict) -> str:
    """The table that is printed."""
    later = found['epochs'][1:] or found['epochs']
    mean = {phase: sum(epoch.get(phase, 0.0) for epoch in later) / len(later) for phase in PHASES}
    whole, first = sum(mean.values()), found['epochs'][0]
    lines = [
        f'{found["config"]} on {found["device"]}, {found["clock"]} time',
        f'start {found["start"]:.1f} s, first epoch {sum(first.values()):.2f} s, each of the others {whole:.2f} s',
        f'{"phase":12}{"s":>9}{"share":>9}{"of train":>10}{"first":>9}',
    ]
    # What is evaluated is compared with all that training takes.
    train = mean['data'] + mean['train'] + mean['sweep']
    for phase in PHASES:
        share, against = mean[phase] / whole, mean[phase] / train
        lines.append(f'{phase:12}{mean[phase]:9.3f}{100 * share:8.1f}%{100 * against:9.1f}%{first.get(phase, 0):9.3f}')
    count = len(found['images'][1:]) or 1
    images = sum(found['images'][1:] or found['images']) / count
    steps = sum(found['steps'][1:] or found['steps']) / count
    lines.append(
        f'{images / train:.0f} images/s of training ({images:.0f} in {steps:.0f} steps), {images / whole:.0f} with '
        f'everything; peak memory {found["peak_gib"]:.2f} GiB'
    )
    if found['step_flops'] is None:
        lines.append(f'FLOP/s not counted: {found["flops_problem"]}')
        return '\n'.join(lines)
    achieved = found['step_flops'] * steps / mean['train']
    lines.append(
        f'{found["step_flops"] / 1e9:.3f} GFLOP a step, {achieved / 1e9:.1f} GFLOP/s in training: '
        f'{100 * achieved / found["product"]:.1f} % of the {found["product"] / 1e9:.0f} GFLOP/s of a matrix product'
    )
    return '\n'.join(lines)


def main():
    parser = run_parser(__doc__)
    parser.add_argument('--epochs', type=int, default=4, help='to train, at least 2')
    parser.add_argument(
        '--clock',
        choices=list(START),
        default='wall',
        help="'cpu' counts this process's processor time: for a machine that does other things too",
    )
    parser.add_argument('--out', help='write the numbers to this json file too')
    args = parse_run(parser)
    cfg = shortened(Config.fromfile(args.config), max(2, args.epochs))
    merge_options(cfg, args.cfg_options or {})
    if args.amp:
        cfg.optim_wrapper.update(type='AmpOptimWrapper', loss_scale='dynamic')
    set_loader_defaults(cfg, args.no_pin_memory)
    with tempfile.TemporaryDirectory() as folder:
        args.work_dir = args.work_dir or folder
        set_run(cfg, args)
        found = measure(cfg, args.clock)
    print(report(found))
    if args.out:
        Path(args.out).write_text(json.dumps(found, indent=2) + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()
