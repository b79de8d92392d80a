"""Share of a training step that two ranks spend in communication, for a config on this machine.

The same batches are trained on in turns with the gradients' reduction and without it (``no_sync``); the rest of the step is the
same. Two gloo processes on the CPU; what hooks reduce once an epoch is not counted.
"""

import os
import socket
import statistics
import tempfile
import time

import torch.multiprocessing
from mmengine.config import Config
from mmengine.runner import Runner

from mmnoisy.config import parse_run, run_parser
from mmnoisy.run import merge_options


def measure(rank: int, cfg: Config, port: int, steps: int, path: str) -> None:
    """Main of a rank: the first writes the median seconds of a step with and without communication."""
    os.environ.update(
        RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE='2', MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port)
    )
    torch.set_num_threads(1)
    # mmengine would ask for a GPU first.
    torch.distributed.init_process_group('gloo')
    runner = Runner.from_cfg(cfg)
    found: dict = dict(sync=[], alone=[])
    runner.train()  # One epoch, after which hooks and streams are as in the middle of a training.
    runner.model.train()
    optimizer = runner.optim_wrapper
    batches = list(runner.train_dataloader)
    for number in range(2 * steps):
        batch, kind = batches[number // 2 % len(batches)], ('sync', 'alone')[number % 2]
        for hook in runner.hooks:
            hook.before_train_iter(runner, batch_idx=0, data_batch=batch)
        torch.distributed.barrier()
        start = time.perf_counter()
        if kind == 'alone':
            with runner.model.no_sync():
                runner.model.train_step(batch, optim_wrapper=optimizer)
        else:
            runner.model.train_step(batch, optim_wrapper=optimizer)
        found[kind].append(time.perf_counter() - start)
    if rank == 0:
        sync, alone = (statistics.median(found[kind][2:]) for kind in ('sync', 'alone'))
        with open(path, 'w') as file:
            file.write(f'{sync} {alone}')


def main():
    parser = run_parser(__doc__)
    parser.add_argument('--steps', type=int, default=40)
    args = parse_run(parser)
    cfg = Config.fromfile(args.config)
    cfg.train_cfg.max_epochs = 2
    for hook in cfg.get('custom_hooks') or []:
        if hook.get('warmup_epochs', 0) > 1:
            hook.warmup_epochs = 1
    merge_options(cfg, args.cfg_options or {})
    cfg.launcher, cfg.env_cfg.dist_cfg.backend, cfg.log_level = 'pytorch', 'gloo', 'ERROR'
    cfg.model_wrapper_cfg = dict(type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False)
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        cfg.work_dir, path = folder, os.path.join(folder, 'found')
        torch.multiprocessing.spawn(measure, (cfg, port, args.steps, path), nprocs=2)
        with open(path) as file:
            sync, alone = map(float, file.read().split())
    print(
        f'{cfg.filename}: {1e3 * sync:.1f} ms a step with two ranks, {1e3 * alone:.1f} ms without communication: '
        f'{100 * max(0.0, 1 - alone / sync):.0f} % of it'
    )


if __name__ == '__main__':
    main()
