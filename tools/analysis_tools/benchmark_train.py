"""Seconds of a DivideMix epoch, and the share of it that the networks' own passes do not take.

Random images stand for the data. One run times whole training steps (loader, stamps, preprocessor, targets, losses,
optimizer) and, in turn with them, the networks' passes alone on tensors of the same size: guesses of both networks,
and a forward and a backward pass of each.
"""

import argparse
import time

import torch
from benchmark_pipeline import RandomImages  # noqa: F401
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from torch.utils.data import DataLoader

from mmnoisy.datasets import collate_batch
from mmnoisy.engine.streams import batch_shares, fill_streams
from mmnoisy.registry import DATA_SAMPLERS, DATASETS, MODELS
from mmnoisy.stamps import Division, sample_indices, write_division


def build(args):
    """Loader, division, model and optimizer of a run, without a runner."""
    source = dict(type='mmnoisy.RandomImages', size=args.size)
    data = DATASETS.build(dict(type='mmnoisy.LabelNoise', source=source, pipeline=[dict(type='PackInputs')]))
    sampler = DATA_SAMPLERS.build(dict(type='mmnoisy.StreamSampler', dataset=data, seed=0))
    p_clean = torch.rand(args.size, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    labelled = p_clean > 0.5
    fill_streams(sampler, labelled, batch_shares(args.batch_size, 0.5, 2, 'benchmark'))
    loader = DataLoader(data, args.batch_size, sampler=sampler, collate_fn=collate_batch)
    head = dict(type='LinearClsHead', num_classes=10, in_channels=8 * args.width, loss=dict(type='CrossEntropyLoss'))
    view = dict(padding=4, flip=0.5)
    model = MODELS.build(
        dict(
            type='mmnoisy.DivideMix',
            network=dict(backbone=dict(type='mmnoisy.PreActResNet', width=args.width), head=head),
            step=dict(type='mmnoisy.MixMatchStep', prior_weight=1),
            data_preprocessor=dict(
                type='mmnoisy.MultiViewDataPreprocessor', mean=[127.0] * 3, std=[64.0] * 3, views=[view, view]
            ),
        )
    )
    model = model.to(args.device).train()
    return loader, p_clean, labelled, model, OptimWrapper(torch.optim.SGD(model.parameters(), 0.02, momentum=0.9))


def passes(model, images: torch.Tensor) -> None:
    """What the networks compute in a step, and nothing else."""
    with torch.no_grad():
        for net in (model.net1, model.net2):
            net(images, mode='tensor')
    for net in (model.net1, model.net2):
        net(images, mode='tensor').sum().backward()
    model.zero_grad()


def timed(function, device: str) -> float:
    """Seconds; of this process's processor time on the CPU, where other processes do not count."""
    clock = time.process_time if device == 'cpu' else time.perf_counter
    start = clock()
    function()
    if device != 'cpu':
        torch.cuda.synchronize()
    return clock() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--size', type=int, default=4096, help='images')
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument('--width', type=int, default=64, help='of PreAct-ResNet-18; 64 is the real one')
    parser.add_argument('--iters', type=int, default=20)
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    args = parser.parse_args()
    init_default_scope('mmpretrain')
    torch.manual_seed(0)
    loader, p_clean, labelled, model, optimizer = build(args)
    images = torch.randn(2 * args.batch_size, 3, 32, 32, device=args.device)
    batches = iter(loader)

    def step():
        batch = next(batches)
        index = sample_indices(batch['data_samples'])
        write_division(batch['data_samples'], Division(p_clean[index], labelled[index]))
        model.train_step(batch, optimizer)

    step(), passes(model, images)  # Warm-up of caches and allocators.
    iters = min(args.iters, len(loader) - 1)
    times = [(timed(step, args.device), timed(lambda: passes(model, images), args.device)) for _ in range(iters)]
    whole, bare = (sum(column) / iters for column in zip(*times))
    print(
        f'{args.device}, batch {args.batch_size}, 2 views, width {args.width}: {whole * len(loader):.1f} s an epoch of '
        f"{len(loader)} steps ({whole * 1e3:.1f} ms each, {bare * 1e3:.1f} ms in the networks' passes): "
        f'{100 * (1 - bare / whole):.1f} % outside them, the optimizer included'
    )


if __name__ == '__main__':
    main()
